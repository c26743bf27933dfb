import { connect, createServer, type Socket } from 'node:net';

/** A proxy in front of a server, which can break connections at chosen moments. */
export interface TcpProxy {
  /** The server's URL, by way of the proxy. */
  readonly url: string;
  /**
   * Breaks the connection that next sends `text` to the server: `before` the server gets it, or
   * after it has responded, in place of the response. Resolves when it has happened.
   */
  breakAt(text: string, when: 'before' | 'answered'): Promise<void>;
  /** Cancels all calls of `breakAt` that have not had an effect yet. */
  disarm(): void;
  /** Breaks all connections, and refuses new ones until `accept`. */
  refuse(): void;
  accept(): void;
  /**
   * Stops forwarding, like an unreachable host or a firewall that drops packets: over the open
   * connections only, or over new ones as well. Connections stay open until `speak`.
   */
  silence(connections: 'open' | 'all'): void;
  /** Forwards everything again, over all connections, like a host that is back. */
  speak(): void;
  /** Breaks all connections. New ones are accepted. */
  cut(): void;
  /** Leads new connections to another server. Open ones stay, as after a change of DNS. */
  switchTo(serverUrl: string): void;
  /** Everything arrives later by `ms`, in both directions, until it is 0 again. */
  delay(ms: number): void;
  close(): Promise<void>;
}

interface Break {
  readonly text: string;
  readonly when: 'before' | 'answered';
  readonly happened: () => void;
}

export async function startTcpProxy(serverUrl: string): Promise<TcpProxy> {
  let target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  const breaks: Break[] = [];
  let refusing = false;
  let silent = false;
  let delayMs = 0;

  /** Passes chunks on in order. */
  const forwardTo = (target: Socket) => {
    const waiting: Buffer[] = [];
    return (chunk: Buffer) => {
      if (delayMs === 0 && waiting.length === 0) {
        target.write(chunk);
        return;
      }
      waiting.push(chunk);
      // Timers of different lengths may fire in another order: each takes the oldest chunk.
      setTimeout(() => target.write(waiting.shift() ?? ''), delayMs);
    };
  };

  const server = createServer((client) => {
    if (refusing) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    let armed: Break | undefined;
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      if (silent) socket.pause();
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    const [toServer, toClient] = [forwardTo(upstream), forwardTo(client)];
    client.on('data', (chunk) => {
      const index = breaks.findIndex(({ text }) => chunk.includes(text));
      const [found] = index === -1 ? [] : breaks.splice(index, 1);
      if (found?.when === 'before') {
        end();
        found.happened();
        return;
      }
      armed ??= found;
      toServer(chunk);
    });
    upstream.on('data', (chunk) => {
      if (!armed) {
        toClient(chunk);
        return;
      }
      end();
      armed.happened();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = new URL(serverUrl);
  url.hostname = '127.0.0.1';
  url.port = String(typeof address === 'object' ? address?.port : '');
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    breakAt: (text, when) => new Promise((happened) => breaks.push({ text, when, happened })),
    disarm() {
      breaks.length = 0;
    },
    refuse() {
      refusing = true;
      breakAll();
    },
    accept() {
      refusing = false;
    },
    cut: breakAll,
    switchTo(serverUrl) {
      target = new URL(serverUrl);
    },
    delay(ms) {
      delayMs = ms;
    },
    silence(connections) {
      silent = connections === 'all';
      for (const socket of sockets) socket.pause();
    },
    speak() {
      silent = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      breakAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
