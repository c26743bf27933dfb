import { type Connection, type LoadRequest, openConnection } from './connection.js';

export interface LoadResult {
  readonly perSecond: number;
  /** The 99th percentile of the response time, in milliseconds. */
  readonly p99: number;
  /** Responses by status. */
  readonly statuses: ReadonlyMap<number, number>;
}

/**
 * Sends requests on a number of connections for a time, each the next one as soon as the last was
 * answered. Rejects on a response with a status of 400 or more.
 */
export async function load(
  url: string,
  connections: number,
  seconds: number,
  next: () => LoadRequest,
): Promise<LoadResult> {
  const open = await openAll(url, connections);
  const latencies: number[] = [];
  const statuses = new Map<number, number>();
  const begun = performance.now();
  const end = begun + seconds * 1_000;
  await Promise.all(
    open.map(async ({ exchange }) => {
      for (let sent = performance.now(); sent < end; ) {
        const { status } = await exchange(next());
        const now = performance.now();
        latencies.push(now - sent);
        sent = now;
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status >= 400) throw new Error(`a request of the load was answered with ${status}`);
      }
    }),
  );
  const elapsed = (performance.now() - begun) / 1_000;
  for (const { close } of open) close();
  return { perSecond: latencies.length / elapsed, p99: p99(latencies), statuses };
}

/**
 * Offers requests at a rate, whether or not earlier ones were answered, as independent callers do.
 * Each request takes a free connection, or waits for one: then less is offered than was asked for,
 * and the result says how much. Response times count from when the request was sent.
 */
export async function offer(
  url: string,
  perSecond: number,
  seconds: number,
  connections: number,
  next: () => LoadRequest,
): Promise<LoadResult & { readonly offeredPerSecond: number }> {
  const latencies: number[] = [];
  const statuses = new Map<number, number>();
  const free = await openAll(url, connections);
  let waiting = 0;
  const total = Math.round(perSecond * seconds);
  const begun = performance.now();
  let sent = 0;
  let answered = 0;
  await new Promise<void>((resolve, reject) => {
    const begin = (connection: Connection) => {
      const sentAt = performance.now();
      connection
        .exchange(next())
        .then(({ status }) => {
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (status < 400) latencies.push(performance.now() - sentAt);
          answered += 1;
          if (waiting === 0) free.push(connection);
          else {
            waiting -= 1;
            begin(connection);
          }
          if (answered === total) resolve();
        })
        .catch(reject);
    };
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - begun) / 1_000) * perSecond));
      for (; sent < due; sent += 1) {
        const connection = free.pop();
        if (connection) begin(connection);
        else waiting += 1;
      }
      if (sent === total) clearInterval(timer);
    }, 2);
  });
  const elapsed = (performance.now() - begun) / 1_000;
  for (const { close } of free) close();
  const rates = { perSecond: latencies.length / elapsed, offeredPerSecond: total / elapsed };
  return { ...rates, p99: p99(latencies), statuses };
}

function openAll(url: string, connections: number): Promise<Connection[]> {
  return Promise.all(Array.from({ length: connections }, () => openConnection(url)));
}

/** The 99th percentile; 0 if there are no values. */
export function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;
}
