import { orderPartition } from '../../orders/values/partition.js';
import { coalesce } from '../coalesce.js';
import { databaseUnavailable } from '../connection/database-unavailable.js';
import type { LogSettings, Pool } from '../database.js';
import { eventLogLimits as limits } from '../limits.js';
import { Overloaded } from '../overloaded.js';
import { eventBytes, type StoredEvent, type StoredEventRow, storedEvent, storedEventColumns } from '../stored-event.js';

// $1 partitions, $2 order ids, $3 versions, pairwise; $4 events of each stream, $5 bytes of a
// stream as they are stored, $6 bytes of JSON of all streams: the events before the last one may
// have as many.
// Takes no lock. Ordered by stream, in the order of the parameters, and by version. The unique
// index (partition, order_id, version) serves the lateral subquery, once per order. Its `order by`
// keeps the planner from turning the subquery into a join that reads the whole table.
// An event at the given version itself comes without its texts: its hash shows whether the stream
// is still the known one. The stored size of a text is known without reading it, unlike its length:
// so the first limit of bytes bounds what the second one reads, to a few large events per stream.
const streamsSql = (partition: string) => `
  select ${storedEventColumns}, e.nth::int as nth, e.has_next, e.bytes_before
  from (
    select e.*, sum(${eventBytes})
      over (order by e.nth, e.version rows between unbounded preceding and 1 preceding) as bytes_before
    from (
      select s.*, wanted.nth,
        lead(s.version) over stream is not null as has_next,
        sum(pg_column_size(s.data) + pg_column_size(s.metadata))
          over (stream rows between unbounded preceding and 1 preceding) as stored_before
      from unnest($1::smallint[], $2::uuid[], $3::integer[])
        with ordinality as wanted(partition, order_id, after, nth)
      cross join lateral (
        select s.partition, s."position", s.order_id, s.version, s.type, s.occurred_at, s.recorded_at, s.hash,
          case when s.version > wanted.after then s.data end as data,
          case when s.version > wanted.after then s.metadata end as metadata
        from events s
        where s.partition = ${partition} and s.order_id = wanted.order_id and s.version >= wanted.after
        order by s.version limit $4
      ) s
      window stream as (partition by wanted.nth order by s.version)
    ) e
    where coalesce(e.stored_before, 0) < $5
  ) e
  where coalesce(e.bytes_before, 0) < $6
  order by e.nth, e.version`;
export const readStreamsSql = streamsSql('wanted.partition');
/** $7 the partition of all streams. In a distributed database the statement runs on one server. */
const readStreamsOfPartitionSql = streamsSql('$7::smallint');

/** A number of partitions stands for a log whose tables are not distributed over servers. */
export type ReadLog = number | Pick<LogSettings, 'partitions' | 'appendAcrossPartitions'>;

/** The events of a stream after a version, up to the limits of a page. */
export interface StreamPage {
  /** By version; none if the stream ends at the version that the page begins after. */
  readonly events: readonly StoredEvent[];
  /** The hash of the event that the page begins after; undefined if there is no such event. */
  readonly hashBefore: Buffer | undefined;
  /** Whether the stream ends with these events. */
  readonly isLast: boolean;
}

/**
 * Reads the events of an order's stream after a version, by default from the beginning. A page
 * that is not the last one has at least one event. Rejects with Overloaded.
 *
 * @param isRest whether the page follows another one that was just read. Such reads wait for each
 *   other and not for those of other orders, so that long streams delay no short ones.
 */
export type ReadStream = (orderId: string, after?: number, isRest?: boolean) => Promise<StreamPage>;

/** Yields the pages of a stream, at least one. Memory does not grow with the stream. */
export async function* streamPages(readStream: ReadStream, orderId: string, after = 0): AsyncGenerator<StreamPage> {
  let page = await readStream(orderId, after);
  yield page;
  let last = page.events.at(-1);
  while (!page.isLast && last) {
    page = await readStream(orderId, last.version, true);
    yield page;
    last = page.events.at(-1);
  }
}

interface WaitingRead {
  readonly orderId: string;
  readonly after: number;
  readonly resolve: (page: StreamPage) => void;
  readonly reject: (error: unknown) => void;
}

interface Row extends StoredEventRow {
  /** The stream, from 1. */
  readonly nth: number;
  readonly has_next: boolean;
  readonly bytes_before: string | null;
}

/** The limits of one query, and the number of queries in flight. */
interface QueryLimits {
  readonly streams: number;
  readonly events: number;
  readonly storedBytes: number;
  readonly queries: number;
}

/**
 * Reads several streams with one query. Reads that are requested while the queries are in flight,
 * or in consecutive turns of the event loop, share the next one (see `coalesce`). Under load many
 * reads share a round trip; in an idle process a read is sent one turn later. A query ends at
 * `maxReadBytes`; the streams that it did not reach are read by the next one.
 *
 * If the tables are distributed over servers, each query reads streams of one partition, and the
 * partitions have queues of their own: a server that is down delays no other partition.
 */
export function createStreamReader(pool: Pool, log: ReadLog): ReadStream {
  const { partitions, appendAcrossPartitions } =
    typeof log === 'number' ? { partitions: log, appendAcrossPartitions: true } : log;
  const open = (query: QueryLimits) =>
    appendAcrossPartitions
      ? createReads(pool, partitions, query)
      : byPartition(partitions, (partition) => createReads(pool, partitions, query, partition));
  const first = open({
    streams: limits.maxStreamsPerLoad,
    events: limits.maxFirstStreamEvents,
    storedBytes: limits.maxFirstStreamBytes,
    queries: 2,
  });
  const rest = open({
    streams: limits.maxStreamsPerPage,
    events: limits.maxStreamPageEvents,
    storedBytes: limits.maxStreamPageBytes,
    queries: 1,
  });
  return (orderId, after = 0, isRest = false) => (isRest ? rest : first)(orderId, after);
}

type Read = (orderId: string, after: number) => Promise<StreamPage>;

/** Opens a reader for each partition that is read. */
function byPartition(partitions: number, open: (partition: number) => Read): Read {
  const readers = new Map<number, Read>();
  return (orderId, after) => {
    const partition = orderPartition(orderId, partitions);
    const read = readers.get(partition) ?? open(partition);
    readers.set(partition, read);
    return read(orderId, after);
  };
}

/** @param only the partition of all streams that are read. */
function createReads(pool: Pool, partitions: number, query: QueryLimits, only?: number): Read {
  let waiting: WaitingRead[] = [];
  let inFlight = 0;
  const readSoon = coalesce(sendQueries, () => waiting.length >= limits.coalesceTarget, limits.maxCoalesceMs);

  function sendQueries(): void {
    while (inFlight < query.queries && waiting.length > 0) {
      const reads = waiting.slice(0, query.streams);
      waiting = waiting.slice(query.streams);
      inFlight += 1;
      load(reads)
        .then((unread) => {
          waiting = [...unread, ...waiting];
        })
        .catch((error: unknown) => {
          const failed = databaseUnavailable(error)?.ofRead() ?? error;
          for (const read of reads) read.reject(failed);
        })
        .finally(() => {
          inFlight -= 1;
          readSoon();
        });
    }
  }

  /** Resolves with the reads that the query has not reached. */
  async function load(reads: readonly WaitingRead[]): Promise<readonly WaitingRead[]> {
    const { rows } = await pool.query<Row>({
      ...(only === undefined
        ? { name: 'read-streams', text: readStreamsSql }
        : { name: 'read-streams-of-partition', text: readStreamsOfPartitionSql }),
      values: [
        reads.map(({ orderId }) => orderPartition(orderId, partitions)),
        reads.map(({ orderId }) => orderId),
        reads.map(({ after }) => after),
        query.events,
        query.storedBytes,
        limits.maxReadBytes,
        ...(only === undefined ? [] : [only]),
      ],
    });
    const streams = reads.map((): Row[] => []);
    for (const row of rows) streams[row.nth - 1]?.push(row);
    const last = rows.at(-1);
    const reached = last && isFull(last) ? last.nth : reads.length;
    for (const [index, read] of reads.slice(0, reached).entries()) {
      read.resolve(pageOf(streams[index] ?? [], read.after, query.events));
    }
    return reads.slice(reached);
  }

  return (orderId, after) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= limits.maxQueuedLoads) {
        reject(new Overloaded('queued reads of streams', limits.maxQueuedLoads));
        return;
      }
      waiting.push({ orderId, after, resolve, reject });
      readSoon();
    });
}

/** Whether a query ended at its limit of bytes: it left out whatever follows this row. */
function isFull({ data, metadata, bytes_before }: Row): boolean {
  const bytes = Buffer.byteLength(data ?? '') + Buffer.byteLength(metadata ?? '');
  return Number(bytes_before ?? 0) + bytes >= limits.maxReadBytes;
}

/** @param maxRows the rows of one stream that the query has read at most. */
function pageOf(rows: readonly Row[], after: number, maxRows: number): StreamPage {
  const [first] = rows;
  const isKnown = first !== undefined && first.version === after;
  return {
    events: (isKnown ? rows.slice(1) : rows).map(storedEvent),
    hashBefore: isKnown ? first.hash : undefined,
    isLast: rows.length < maxRows && rows.at(-1)?.has_next !== true,
  };
}
