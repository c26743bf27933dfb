import { connect, createServer, type Socket } from 'node:net';

/**
 * An address that leads to one server after the other, like the name of a managed Redis. Open
 * connections stay where they are.
 */
export interface SwitchableProxy {
  /** The URL of the first server, with the proxy's address. */
  readonly url: string;
  /** Leads new connections to the server of this URL. */
  switchTo(url: string): void;
  close(): Promise<void>;
}

export async function startProxy(firstUrl: string): Promise<SwitchableProxy> {
  let target = new URL(firstUrl);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = new URL(firstUrl);
  url.hostname = '127.0.0.1';
  url.port = String(typeof address === 'object' && address ? address.port : 0);
  return {
    url: url.href,
    switchTo(next) {
      target = new URL(next);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
