import { orderPartition } from '../orders/partition.js';
import { type AppendRow, concernsOnePartition, createAppendCalls, type PartitionBatch } from './append-calls.js';
import type { LogSettings, Pool } from './database.js';
import { gather } from './gather.js';
import { hashBytes } from './hash-chain.js';
import { eventLogLimits as limits } from './limits.js';
import { Overloaded } from './overloaded.js';
import type { StoredEvent } from './stored-event.js';

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

/** An append that was given up: nothing was done (Overloaded), or the database's error, after which the outcome is unknown. */
export interface AppendFailed {
  readonly failed: unknown;
}

export interface Appender {
  readonly append: AppendEvents;
  /** Appends many commands' events, each as `append` does, at a fraction of its cost. What became of each, in their order; never rejects. */
  readonly appendAll: (appends: readonly Append[]) => Promise<readonly (AppendResult | AppendFailed)[]>;
}

/** Where a partition's log ends now. */
export interface HeadMoved {
  readonly partition: number;
  readonly position: number;
}

/** What a call has appended to a partition: one event after the other, the last at `position`. */
export interface Committed extends HeadMoved {
  /** As the log holds them. */
  readonly events: readonly StoredEvent[];
}

interface WaitingAppend {
  readonly append: Append;
  readonly bytes: number;
  readonly settle: (result: AppendResult | AppendFailed) => void;
}

/** The appends to one partition that have yet to go out. One call at a time carries appends of a partition. */
interface Queue {
  readonly partition: number;
  waiting: WaitingAppend[];
  inFlight: boolean;
}

type Batch = Omit<PartitionBatch, 'appends'> & { readonly taken: readonly WaitingAppend[] };

/** Told after each commit, partition by partition; must not throw. */
export interface AppendListeners {
  readonly onMoved?: (head: HeadMoved) => void;
  /** Who asks for it has PostgreSQL tell the hash of each event. */
  readonly onCommitted?: (committed: Committed) => void;
}

/**
 * Group commit: while calls are in flight, new appends queue up, and the next call takes them all; and it goes out once the event
 * loop brings no more for now. No timer: when idle an append goes out at once, under load batches grow by themselves.
 *
 * A call carries the appends of all partitions that have some and are in no other call: what a call and its commit cost is
 * far more than what an event costs. A partition that holds the others up gets calls of its own. Where the log's tables are
 * distributed over servers, every call carries one partition's appends.
 */
export function createAppender(
  pool: Pool,
  { partitions, appendAcrossPartitions }: Pick<LogSettings, 'partitions' | 'appendAcrossPartitions'>,
  { onMoved, onCommitted }: AppendListeners = {},
): Appender {
  const queues: Queue[] = Array.from({ length: partitions }, (_, partition) => ({
    partition,
    waiting: [],
    inFlight: false,
  }));
  let queued = 0;
  let callsInFlight = 0;
  /** Those of them that take longer than a call mostly does. */
  let slowCalls = 0;
  let firstPartition = 0;
  const callAppend = createAppendCalls(pool, onCommitted !== undefined);
  const sendSoon = gather(send, () => queued >= limits.gatheredEnough, limits.maxGatherMs);

  /** Sends what waits, as far as calls are free. */
  function send(): void {
    const maxCalls = appendAcrossPartitions ? limits.maxAppendCalls : partitions;
    // What waits for a call that is soon over makes the next one larger, and costs less there than in a call of its own.
    const pays = () => callsInFlight === slowCalls || queued >= limits.maxBatchEvents || !appendAcrossPartitions;
    while (callsInFlight < maxCalls && pays()) {
      const batches = takeBatches();
      if (batches.length === 0) return;
      void deliver(batches).finally(enter());
    }
  }

  /** Takes one of the calls that may be in flight, and gives what leaves it; one that somebody holds up leaves sooner. */
  function enter(): () => void {
    let inside = true;
    let isSlow = false;
    callsInFlight += 1;
    const leave = () => {
      clearTimeout(slow);
      clearTimeout(heldUp);
      if (inside) callsInFlight -= 1;
      if (inside && isSlow) slowCalls -= 1;
      inside = false;
      sendSoon();
    };
    const slow = setTimeout(() => {
      isSlow = true;
      slowCalls += 1;
      sendSoon();
    }, limits.appendCallSlowMs);
    const heldUp = setTimeout(leave, limits.appendCallHeldUpMs);
    return leave;
  }

  function takeBatches(): Batch[] {
    const batches: Batch[] = [];
    const room = { events: limits.maxBatchEvents, bytes: limits.maxBatchBytes };
    // Each time from another partition on: where not all find room, none is always the last.
    for (let nth = 0; nth < partitions; nth += 1) {
      const queue = queues[(firstPartition + nth) % partitions];
      if (!queue || queue.inFlight || queue.waiting.length === 0) continue;
      const taken = takeBatch(queue, room, batches.length === 0);
      if (taken.length === 0) break;
      queue.inFlight = true;
      queued -= taken.length;
      batches.push({ partition: queue.partition, taken });
      if (!appendAcrossPartitions) break;
    }
    firstPartition = (firstPartition + 1) % partitions;
    return batches.sort((a, b) => a.partition - b.partition);
  }

  /** Never rejects: each append hears of what became of it. */
  async function deliver(batches: readonly Batch[]): Promise<void> {
    try {
      const rows = await callAppend(
        batches.map(({ partition, taken }) => ({ partition, appends: taken.map(({ append }) => append) })),
      );
      let row = 0;
      for (const { partition, taken } of batches) {
        settleAll(partition, taken, rows.slice(row, row + taken.length));
        row += taken.length;
      }
    } catch (error) {
      if (batches.length > 1 && concernsOnePartition(error)) {
        // Not waited for: one of them may take long, and holds up nobody but its own partition from here on.
        for (const batch of batches) void deliver([batch]).then(sendSoon);
        return;
      }
      for (const { taken } of batches) for (const { settle } of taken) settle({ failed: error });
    }
    for (const { partition } of batches) {
      const queue = queues[partition];
      if (queue) queue.inFlight = false;
    }
  }

  function settleAll(partition: number, taken: readonly WaitingAppend[], rows: readonly AppendRow[]): void {
    const events: StoredEvent[] = [];
    let head = 0;
    for (const [index, { append, settle }] of taken.entries()) {
      const row = rows[index];
      if (row?.accepted && row.position !== null && row.recorded_at !== null) {
        const { version, position, recorded_at: recordedAt } = row;
        if (onCommitted) for (const event of storedEvents(append, row, partition)) events.push(event);
        head = position;
        settle({ appended: true, version, partition, position, recordedAt });
      } else {
        settle({ appended: false, version: row?.version ?? 0 });
      }
    }
    if (head === 0) return;
    onCommitted?.({ partition, position: head, events });
    onMoved?.({ partition, position: head });
  }

  function enqueue(append: Append, settle: WaitingAppend['settle']): void {
    if (queued >= limits.maxQueuedAppends) {
      settle({ failed: new Overloaded('appends', limits.maxQueuedAppends) });
      return;
    }
    if (append.events.some(({ data, metadata }) => hasLineBreak(data) || hasLineBreak(metadata))) {
      settle({ failed: new Error('event JSON holds a line break') });
      return;
    }
    queued += 1;
    queues[orderPartition(append.orderId, partitions)]?.waiting.push({ append, bytes: bytesOf(append), settle });
    sendSoon();
  }

  return {
    append: (append) =>
      new Promise((resolve, reject) => {
        enqueue(append, (result) => ('failed' in result ? reject(result.failed) : resolve(result)));
      }),
    appendAll: (appends) =>
      new Promise((resolve) => {
        const results = new Array<AppendResult | AppendFailed>(appends.length);
        let left = appends.length;
        if (left === 0) resolve(results);
        for (const [index, append] of appends.entries()) {
          enqueue(append, (result) => {
            results[index] = result;
            left -= 1;
            if (left === 0) resolve(results);
          });
        }
      }),
  };
}

function bytesOf({ events }: Append): number {
  return events.reduce((bytes, { data, metadata }) => bytes + data.length + metadata.length, 0);
}

function hasLineBreak(text: string): boolean {
  return text.includes('\n') || text.includes('\r');
}

/** The events of an append that was accepted, as the log holds them now. */
function storedEvents({ orderId, events }: Append, row: AppendRow, partition: number): StoredEvent[] {
  const { version, position, recorded_at: recordedAt, hashes } = row;
  if (position === null || recordedAt === null || hashes?.length !== events.length * hashBytes) {
    throw new Error(`the append to order ${orderId} was answered without what its events have become`);
  }
  return events.map((event, index) => {
    const later = events.length - 1 - index;
    return {
      partition,
      position: position - later,
      orderId,
      version: version - later,
      type: event.type,
      data: event.data,
      metadata: event.metadata,
      occurredAt: event.occurredAt,
      recordedAt,
      hash: hashes.subarray(index * hashBytes, (index + 1) * hashBytes),
    };
  });
}

/** Takes from the front what there is room for, and takes that off the room; at least one append if none was taken before. */
function takeBatch(queue: Queue, room: { events: number; bytes: number }, first: boolean): WaitingAppend[] {
  let count = 0;
  for (const { append, bytes } of queue.waiting) {
    const fits = append.events.length <= room.events && bytes <= room.bytes;
    if (!fits && !(first && count === 0)) break;
    room.events -= append.events.length;
    room.bytes -= bytes;
    count += 1;
  }
  return queue.waiting.splice(0, count);
}
