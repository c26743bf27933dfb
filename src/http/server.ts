import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connectionAccepted } from '../yield-to-event-loop.js';
import { ConnectionCounts, type CountedAddresses } from './connection-counts.js';
import { type Problem, problem } from './contract/problems.js';
import { httpLimits as limits } from './limits.js';
import { HeaderListResponse } from './response/header-list-response.js';
import { createStallSweep, stallSweepIntervalMs } from './stalled-connections.js';

export interface HttpServer {
  /** The address that it listens on, such as http://127.0.0.1:3000. */
  readonly url: string;
  /** Closes each connection with its next response, and still accepts new ones. */
  retireConnections(): void;
  /** Accepts no more connections and waits for requests in flight, up to `deadlineMs`. */
  drain(deadlineMs: number): Promise<void>;
}

/** The time limits of connections that operators configure, in milliseconds. */
export interface HttpTimeouts {
  /** Without a request on a connection. */
  readonly keepAliveMs: number;
  /** For the headers of a request to arrive. */
  readonly headersMs: number;
  /** For a client to take some of a response; see StalledConnections. */
  readonly responseMs: number;
}

export interface HttpServerOptions {
  readonly timeouts?: HttpTimeouts;
  /** By default each address is a client of its own, and none is a proxy. */
  readonly addresses?: CountedAddresses;
}

export const defaultTimeouts: HttpTimeouts = {
  keepAliveMs: limits.keepAliveTimeoutMs,
  headersMs: limits.headersTimeoutMs,
  responseMs: limits.responseTimeoutMs,
};

const uncounted: CountedAddresses = { isProxy: () => false, countedForm: (address) => address };

/** Starts listening. If the address is not available, the error says what to do. */
export async function startHttpServer(
  application: RequestListener,
  host: string,
  port: number,
  { timeouts = defaultTimeouts, addresses = uncounted }: HttpServerOptions = {},
): Promise<HttpServer> {
  let isRetiring = false;
  const respond: RequestListener = (request, response) => {
    if (isRetiring) response.shouldKeepAlive = false;
    application(request, response);
  };
  const server = createServer<typeof IncomingMessage, typeof ServerResponse>(
    {
      ServerResponse: HeaderListResponse,
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: timeouts.headersMs,
      keepAliveTimeout: timeouts.keepAliveMs,
      connectionsCheckingInterval: limits.connectionsCheckIntervalMs,
      // A batch may take any time. All other bodies have their own time limit, in json-body.ts.
      requestTimeout: 0,
      // The application responds with a problem, see ambiguous-message.ts; Node would not.
      requireHostHeader: false,
    },
    respond,
  );
  server.on('checkExpectation', respond);
  server.maxConnections = limits.maxConnections;
  const sockets = new Set<Socket>();
  const connections = new ConnectionCounts(addresses);
  server.on('drop', connectionAccepted);
  server.on('connection', (socket) => {
    connectionAccepted();
    sockets.add(socket);
    const { isTooMany, close } = connections.open(socket.remoteAddress ?? '');
    socket.once('close', () => {
      sockets.delete(socket);
      close();
    });
    if (isTooMany) socket.destroy();
  });
  const sweepStalled = createStallSweep(sockets, timeouts.responseMs);
  const stallCheck = setInterval(() => void sweepStalled(), stallSweepIntervalMs(timeouts.responseMs)).unref();
  server.once('close', () => clearInterval(stallCheck));
  /**
   * The response to the newest request of each connection. Node holds it until it is over. A weak
   * reference does not hold it any longer, since a connection may then be idle for long.
   */
  const newest = new WeakMap<Socket, WeakRef<ServerResponse>>();
  server.on('request', (request, response) => newest.set(request.socket, new WeakRef(response)));
  server.on('clientError', (error, socket: Socket) =>
    respondToClientError(error, socket, timeouts, newest.get(socket)?.deref()),
  );
  await listen(server, host, port);
  const address = server.address() as AddressInfo;
  const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${shown}:${address.port}`,
    retireConnections() {
      isRetiring = true;
    },
    drain: (deadlineMs) =>
      new Promise((resolve) => {
        const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
        // Keep-alive connections become idle one by one, as their requests finish.
        const sweep = setInterval(() => {
          server.closeIdleConnections();
          // Node does not count connections as idle on which no request was ever sent.
          for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
        }, limits.drainSweepIntervalMs);
        server.close(() => {
          clearTimeout(deadline);
          clearInterval(sweep);
          resolve();
        });
      }),
  };
}

/**
 * Responds with a problem to data that is not a valid request, or closes the connection if the
 * client would take the problem for something else.
 * @param newest the response to the newest request of the connection.
 */
function respondToClientError(
  error: NodeJS.ErrnoException,
  socket: Socket,
  timeouts: HttpTimeouts,
  newest: ServerResponse | undefined,
): void {
  if (!socket.writable || error.code === 'ECONNRESET' || !mayFollow(newest)) {
    socket.destroy();
    return;
  }
  const { status, ...rest } = clientProblem(error.code, timeouts);
  const body = JSON.stringify({ ...rest, status });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    // A client that keeps sending would keep the socket open.
    () => socket.destroy(),
  );
}

/**
 * Whether a problem about invalid data may be written now. Within a response, the client would take
 * it for a part of that response. Before the response to a complete request, the client would take
 * it for the outcome of a command that may have been done. If the body of the newest request is
 * invalid, the problem is its response.
 */
function mayFollow(response: ServerResponse | undefined): boolean {
  if (!response || response.writableFinished) return true;
  // A response that waits for an earlier one of its connection (pipelining) has no socket yet.
  if (response.socket === null) return false;
  return response.writableEnded || !(response.headersSent || response.req.complete);
}

function clientProblem(code: string | undefined, { headersMs }: HttpTimeouts): Problem {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return problem('headers-too-large', `The headers are larger than ${limits.maxHeaderBytes} bytes.`);
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return problem('request-timeout', `The headers did not arrive within ${headersMs / 1000} s.`);
  }
  return problem('malformed-request', 'The message is not valid HTTP/1.1.');
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const messages: Record<string, string> = {
        EADDRINUSE: `port ${port} is in use: stop the process that uses it, or set PORT`,
        EACCES: `port ${port} needs privileges: set PORT to a port above 1023`,
        EADDRNOTAVAIL: `this machine has no address ${host}: set HOST`,
      };
      reject(new Error(messages[error.code ?? ''] ?? error.message, { cause: error }));
    });
    server.listen({ port, host, backlog: limits.listenBacklog }, resolve);
  });
}
