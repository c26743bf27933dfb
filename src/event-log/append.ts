import { orderPartition } from '../orders/partition.js';
import type { Pool } from './database.js';
import { eventLogLimits as limits } from './limits.js';
import { Overloaded } from './overloaded.js';

export interface NewEvent {
  readonly type: string;
  /** JSON text without line breaks outside strings, as JSON.stringify makes it. Stored and hashed as it is. */
  readonly data: string;
  readonly metadata: string;
  readonly occurredAt: string;
}

/** The events of one command. They are appended if the stream is at `expectedVersion` (0: no such order yet). */
export interface Append {
  readonly orderId: string;
  readonly expectedVersion: number;
  readonly events: readonly NewEvent[];
}

export type AppendResult =
  | {
      readonly appended: true;
      /** The stream's version after the append. */
      readonly version: number;
      readonly partition: number;
      /** The position of the append's last event. */
      readonly position: number;
      readonly recordedAt: string;
    }
  | { readonly appended: false; readonly version: number };

/**
 * Appends one command's events, durably: once it resolves with `appended`, they have been committed.
 * Rejects with Overloaded (nothing was done), or with the database's error, after which the outcome is unknown unless
 * the stream is read again.
 */
export type AppendEvents = (append: Append) => Promise<AppendResult>;

/** Where a partition's log ends now. */
export interface HeadMoved {
  readonly partition: number;
  readonly position: number;
}

// $1 partition; $2 order ids, $3 expected versions, $4 event counts, an entry a command;
// $5 types, $6 data, $7 metadata, $8 times, an entry an event.
// data and metadata come as lines of one text: JSON text has no line break outside its strings and none inside, so this
// needs no escaping, where an array literal of JSON would escape every quote of it.
const appendSql = `
  select accepted, version, "position", recorded_at
  from append_events($1::smallint, $2::uuid[], $3::integer[], $4::integer[], $5::text[],
    string_to_array($6, E'\\n'), string_to_array($7, E'\\n'), $8::timestamptz[])`;

interface ResultRow {
  accepted: boolean;
  version: number;
  position: number | null;
  recorded_at: string | null;
}

interface WaitingAppend {
  readonly append: Append;
  readonly bytes: number;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: while a call for a partition is in flight, new appends to it queue up, and the next call takes them
 * all. No timer: when idle an append goes out at once, under load batches grow by themselves.
 * @param onCommitted told after each commit where the partition's log ends; must not throw.
 */
export function createAppender(pool: Pool, partitions: number, onCommitted: (head: HeadMoved) => void): AppendEvents {
  const queues = Array.from({ length: partitions }, () => ({ waiting: [] as WaitingAppend[], inFlight: false }));
  let queued = 0;

  async function drain(partition: number): Promise<void> {
    const queue = queues[partition];
    if (!queue || queue.inFlight) return;
    queue.inFlight = true;
    while (queue.waiting.length > 0) {
      const batch = takeBatch(queue.waiting);
      queued -= batch.length;
      try {
        const rows = await append(partition, batch);
        let head = 0;
        for (const [index, waiting] of batch.entries()) {
          const row = rows[index];
          if (!row) throw new Error('append_events answered for fewer commands than it was given');
          if (row.accepted && row.position !== null && row.recorded_at !== null) {
            head = row.position;
            const { version, position, recorded_at: recordedAt } = row;
            waiting.resolve({ appended: true, version, partition, position, recordedAt });
          } else {
            waiting.resolve({ appended: false, version: row.version });
          }
        }
        if (head > 0) onCommitted({ partition, position: head });
      } catch (error) {
        for (const waiting of batch) waiting.reject(error);
      }
    }
    queue.inFlight = false;
  }

  async function append(partition: number, batch: readonly WaitingAppend[]): Promise<ResultRow[]> {
    const appends = batch.map((waiting) => waiting.append);
    const events = appends.flatMap((one) => one.events);
    const { rows } = await pool.query<ResultRow>({
      name: 'append-events',
      text: appendSql,
      values: [
        partition,
        arrayLiteral(appends.map((one) => one.orderId)),
        arrayLiteral(appends.map((one) => one.expectedVersion)),
        arrayLiteral(appends.map((one) => one.events.length)),
        arrayLiteral(events.map((event) => event.type)),
        events.map((event) => event.data).join('\n'),
        events.map((event) => event.metadata).join('\n'),
        arrayLiteral(events.map((event) => event.occurredAt)),
      ],
    });
    return rows;
  }

  return (append) =>
    new Promise((resolve, reject) => {
      if (queued >= limits.maxQueuedAppends) {
        reject(new Overloaded('appends', limits.maxQueuedAppends));
        return;
      }
      const partition = orderPartition(append.orderId, partitions);
      let bytes = 0;
      for (const event of append.events) {
        if (/[\n\r]/.test(event.data) || /[\n\r]/.test(event.metadata))
          throw new Error('event JSON holds a line break');
        bytes += event.data.length + event.metadata.length;
      }
      queued += 1;
      queues[partition]?.waiting.push({ append, bytes, resolve, reject });
      void drain(partition);
    });
}

/** Takes from the front what one call may carry; always at least one append. */
function takeBatch(waiting: WaitingAppend[]): WaitingAppend[] {
  let events = 0;
  let bytes = 0;
  let count = 0;
  for (const one of waiting) {
    events += one.append.events.length;
    bytes += one.bytes;
    if (count > 0 && (events > limits.maxBatchEvents || bytes > limits.maxBatchBytes)) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

/** An array of values that need no quoting: ids, numbers, event types, RFC 3339 times. */
function arrayLiteral(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`;
}
