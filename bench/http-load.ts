import { Agent, request } from 'node:http';

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
  latencies.sort((a, b) => a - b);
  const quantile = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return { perSecond: latencies.length / elapsed, p50: quantile(0.5), p99: quantile(0.99), statuses };
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
