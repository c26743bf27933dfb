import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Problem, problem } from './contract/problems.js';
import { httpLimits as limits } from './limits.js';
import { HeaderListResponse } from './response/header-list-response.js';

export interface HttpServer {
  /** Where it listens, such as http://127.0.0.1:3000. */
  readonly url: string;
  /** Takes no new connections, lets requests in hand finish, and cuts off what has not by the deadline. */
  drain(deadlineMs: number): Promise<void>;
}

/** Starts listening. Rejects with an error that says what to do where the address can't be had. */
export async function startHttpServer(application: RequestListener, host: string, port: number): Promise<HttpServer> {
  const server = createServer<typeof IncomingMessage, typeof ServerResponse>(
    {
      ServerResponse: HeaderListResponse,
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      // Half-open requests are looked for this often.
      connectionsCheckingInterval: limits.connectionsCheckIntervalMs,
      // A batch may take as long as it needs; all other bodies have a limit of their own (json-body.ts).
      requestTimeout: 0,
    },
    application,
  );
  server.maxConnections = limits.maxConnections;
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('clientError', answerClientError);
  await listen(server, host, port);
  const address = server.address() as AddressInfo;
  const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${shown}:${address.port}`,
    drain: (deadlineMs) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), deadlineMs);
        // Kept-alive connections fall idle one by one, as their requests finish.
        const sweep = setInterval(() => {
          server.closeIdleConnections();
          // Opened ahead of a request that has not come: Node does not count these as idle.
          for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
        }, limits.drainSweepIntervalMs);
        server.close(() => {
          clearTimeout(cut);
          clearInterval(sweep);
          resolve();
        });
      }),
  };
}

/** What never became a request is answered with a problem too, as far as anybody still listens. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const { status, ...rest } = clientProblem(error.code);
  const body = JSON.stringify({ ...rest, status });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    // A peer that goes on sending would keep the socket open.
    () => socket.destroy(),
  );
}

function clientProblem(code: string | undefined): Problem {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return problem('headers-too-large', `The headers may have ${limits.maxHeaderBytes} bytes.`);
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return problem('request-timeout', `The headers did not arrive within ${limits.headersTimeoutMs / 1000} s.`);
  }
  return problem('malformed-request', 'This is not HTTP/1.1.');
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why: Record<string, string> = {
        EADDRINUSE: `port ${port} is in use: stop what uses it, or set PORT`,
        EACCES: `port ${port} needs privileges: set PORT to one above 1023`,
        EADDRNOTAVAIL: `this machine has no address ${host}: set HOST`,
      };
      reject(new Error(why[error.code ?? ''] ?? error.message, { cause: error }));
    });
    server.listen({ port, host, backlog: limits.listenBacklog }, resolve);
  });
}
