import { type Connection, type LoadRequest, openConnection } from './connection.js';

export interface LoadResult {
  readonly perSecond: number;
  /** Milliseconds within which 99 of 100 were answered. */
  readonly p99: number;
  /** Answers by status. */
  readonly statuses: ReadonlyMap<number, number>;
}

/** Sends requests on so many connections, each the next as soon as the last was answered, for a time. Rejects on an answer of 400 and more. */
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
 * Offers requests at a rate, whether or not the ones before were answered, as many callers who don't know of each other do: each
 * on a connection that is free. What finds none free waits for one: then less is offered than was asked for, and the result says how
 * much. The time of an answer counts from when its request was sent.
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

/** The value that 99 % of these lie within; 0 where there are none. */
export function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;
}
