import { Agent, request } from 'node:http';
import { connect } from 'node:net';

/** One request of a load. */
export interface LoadRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface LoadResult {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Answers by status. */
  readonly statuses: ReadonlyMap<number, number>;
}

/** Sends requests on so many connections, each the next as soon as the last was answered, for a time. Rejects on an answer of 400 and more, unless told otherwise. */
export async function load(
  url: string,
  connections: number,
  seconds: number,
  next: () => LoadRequest,
  mayFail: (status: number) => boolean = () => false,
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const { hostname, port } = new URL(url);
  const latencies: number[] = [];
  const statuses = new Map<number, number>();
  const begun = performance.now();
  const end = begun + seconds * 1_000;
  const work = async () => {
    while (performance.now() < end) {
      const sent = performance.now();
      const status = await send(agent, hostname, port, next());
      latencies.push(performance.now() - sent);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status >= 400 && !mayFail(status)) throw new Error(`a request of the load was answered with ${status}`);
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  const elapsed = (performance.now() - begun) / 1_000;
  agent.destroy();
  return { perSecond: latencies.length / elapsed, ...quantiles(latencies), statuses };
}

function send(
  agent: Agent,
  hostname: string,
  port: string,
  { method, path, headers, body }: LoadRequest,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const length =
      body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request(
      { agent, hostname, port, method, path, headers: { ...headers, ...length } },
      (incoming) => {
        incoming.resume();
        incoming.on('end', () => resolve(incoming.statusCode ?? 0));
        incoming.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/**
 * Offers requests at a rate, whether or not the ones before were answered, as many callers who don't know of each other do: each
 * on a connection that is free. What finds none free waits, and its time counts from when it was due. Plain sockets, since a load that
 * takes as much of the machine as the service would measure itself.
 */
export async function offer(
  url: string,
  perSecond: number,
  seconds: number,
  connections: number,
  next: () => LoadRequest,
): Promise<LoadResult & { readonly offeredPerSecond: number }> {
  const { hostname, port } = new URL(url);
  const latencies: number[] = [];
  const statuses = new Map<number, number>();
  const free = await Promise.all(Array.from({ length: connections }, () => openConnection(hostname, Number(port))));
  const waiting: number[] = [];
  const total = Math.round(perSecond * seconds);
  const begun = performance.now();
  let sent = 0;
  let answered = 0;
  await new Promise<void>((resolve, reject) => {
    const begin = (connection: Connection, dueAt: number) =>
      connection
        .exchange(next())
        .then((status) => {
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (status < 400) latencies.push(performance.now() - dueAt);
          answered += 1;
          const nextDueAt = waiting.shift();
          if (nextDueAt === undefined) free.push(connection);
          else void begin(connection, nextDueAt);
          if (answered === total) resolve();
        })
        .catch(reject);
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - begun) / 1_000) * perSecond));
      for (; sent < due; sent += 1) {
        const dueAt = begun + (sent / perSecond) * 1_000;
        const connection = free.pop();
        if (connection) void begin(connection, dueAt);
        else waiting.push(dueAt);
      }
      if (sent === total) clearInterval(timer);
    }, 2);
  });
  const elapsed = (performance.now() - begun) / 1_000;
  for (const { close } of free) close();
  const rates = { perSecond: latencies.length / elapsed, offeredPerSecond: total / elapsed };
  return { ...rates, ...quantiles(latencies), statuses };
}

interface Connection {
  /** Sends one request, and gives the status of its answer. */
  exchange(request: LoadRequest): Promise<number>;
  close(): void;
}

function openConnection(host: string, port: number): Promise<Connection> {
  const socket = connect({ host, port, noDelay: true });
  let received = '';
  let done: ((status: number) => void) | undefined;
  let failed: ((error: Error) => void) | undefined;
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    received += text;
    const headEnd = received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(received)?.[1] ?? 0);
    if (received.length < headEnd + 4 + length) return;
    const status = Number(received.slice(9, 12));
    received = '';
    done?.(status);
  });
  socket.on('error', (error) => failed?.(error));
  socket.on('close', () => failed?.(new Error('the server closed the connection')));
  const exchange = ({ method, path, headers, body = '' }: LoadRequest) =>
    new Promise<number>((resolve, reject) => {
      done = resolve;
      failed = reject;
      const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(
        `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}content-type: application/json\r\n` +
          `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    });
  return new Promise((resolve, reject) => {
    failed = reject;
    socket.once('connect', () => resolve({ exchange, close: () => socket.destroy() }));
  });
}

function quantiles(latencies: number[]): { p50: number; p99: number } {
  latencies.sort((a, b) => a - b);
  const quantile = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return { p50: quantile(0.5), p99: quantile(0.99) };
}
