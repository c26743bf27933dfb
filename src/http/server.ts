import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Koa from 'koa';
import { httpLimits as limits } from './limits.js';

export interface HttpServer {
  /** Where it listens, such as http://127.0.0.1:3000. */
  readonly url: string;
  /** Takes no new connections, lets requests in hand finish, and cuts off what has not by the deadline. */
  drain(deadlineMs: number): Promise<void>;
}

/** Starts listening. Rejects with an error that says what to do where the address can't be had. */
export async function startHttpServer(app: Koa, host: string, port: number): Promise<HttpServer> {
  const server = createServer(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      // A batch may take as long as it needs; all other bodies have a limit of their own (json-body.ts).
      requestTimeout: 0,
    },
    app.callback(),
  );
  await listen(server, host, port);
  const address = server.address() as AddressInfo;
  const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${shown}:${address.port}`,
    drain: (deadlineMs) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), deadlineMs);
        // Kept-alive connections fall idle one by one, as their requests finish.
        const sweep = setInterval(() => server.closeIdleConnections(), limits.drainSweepIntervalMs);
        server.close(() => {
          clearTimeout(cut);
          clearInterval(sweep);
          resolve();
        });
      }),
  };
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
    server.listen(port, host, resolve);
  });
}
