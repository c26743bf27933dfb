import { orderPartition } from '../../orders/values/partition.js';
import { coalesce } from '../coalesce.js';
import type { LogSettings, Pool } from '../database.js';
import { hashBytes } from '../hash-chain.js';
import type { HeadMoved } from '../heads/head-moved.js';
import { eventLogLimits as limits } from '../limits.js';
import { Overloaded } from '../overloaded.js';
import type { StoredEvent } from '../stored-event.js';
import type { Append, Appender, AppendFailed, AppendResult, Committed, NewEvent } from './append.js';
import { type Batch, byPartition, type IsolatedPartition, takeCall, type WaitingAppend } from './append-queue.js';
import { type AppendRow, concernsOnePartition, createAppendStatements } from './append-statements.js';
import { CallsInFlight } from './calls-in-flight.js';

/** Told after each commit, partition by partition; must not throw. */
export interface AppendListeners {
  readonly onMoved?: (head: HeadMoved) => void;
  /** Who asks for it has PostgreSQL tell the hash of each event. */
  readonly onCommitted?: (committed: Committed) => void;
}

/**
 * Group commit: while a call is in flight, new appends queue up, and the next call takes them all; and it goes out once the event
 * loop brings no more for now. No timer: when idle an append goes out at once, under load batches grow by themselves. A call that is full
 * is sent behind the one in flight.
 *
 * A call carries what has waited longest, of all partitions: what a call and its commit cost is far more than what an event costs. A partition that
 * holds the others up gets calls of its own, one at a time. Where the log's tables are distributed over servers, every partition does.
 */
export function createAppender(
  pool: Pool,
  { partitions, appendAcrossPartitions }: Pick<LogSettings, 'partitions' | 'appendAcrossPartitions'>,
  { onMoved, onCommitted }: AppendListeners = {},
): Appender {
  /** In the order in which they came. */
  const waiting: WaitingAppend[] = [];
  const isolated = new Map<number, IsolatedPartition>();
  /** How many wait, there and here. */
  let queued = 0;
  const callAppend = createAppendStatements(pool, onCommitted !== undefined);
  const sendSoon = coalesce(send, () => queued >= limits.coalescedEnough, limits.maxCoalesceMs);
  const calls = new CallsInFlight(sendSoon);

  /** Sends what waits, as far as calls are free. */
  function send(): void {
    // What waits for a call that is soon over makes the next one larger, and costs less there than in a call of its own.
    const pays = () => calls.areAllSlow || waiting.length >= limits.maxBatchEvents;
    for (;;) {
      if (isolated.size > 0 || !appendAcrossPartitions) separateIsolated();
      if (waiting.length === 0 || calls.count === limits.maxAppendCalls || !pays()) break;
      sendTogether();
    }
    for (const own of isolated.values()) sendIsolated(own);
  }

  /** Those of partitions that are apart go there. */
  function separateIsolated(): void {
    for (const one of waiting.splice(0)) {
      if (isolated.has(one.partition) || !appendAcrossPartitions) isolate(one.partition).waiting.push(one);
      else waiting.push(one);
    }
  }

  function sendTogether(): void {
    const batches = byPartition(takeCall(waiting));
    const [first, second] = batches;
    if (first && !second) {
      // It may be held up for as long as a statement may take. What comes for the partition meanwhile waits apart, then.
      const own = isolate(first.partition);
      own.waiting.push(...first.taken);
      sendIsolated(own, calls.enter());
      return;
    }
    for (const { taken } of batches) queued -= taken.length;
    void deliver(batches).finally(calls.enter());
  }

  function isolate(partition: number): IsolatedPartition {
    const own = isolated.get(partition) ?? { partition, waiting: [], inFlight: false };
    isolated.set(partition, own);
    return own;
  }

  function sendIsolated(own: IsolatedPartition, leave?: () => void): void {
    if (own.inFlight) return;
    const taken = takeCall(own.waiting);
    queued -= taken.length;
    own.inFlight = true;
    void deliver([{ partition: own.partition, taken }]).finally(() => {
      own.inFlight = false;
      // What comes for it from now on goes with the others again.
      if (own.waiting.length === 0) isolated.delete(own.partition);
      leave?.();
      sendSoon();
    });
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
        // Each by itself: one of them may take long, and holds up nobody but its own partition from here on.
        for (const { partition, taken } of batches) {
          isolate(partition).waiting.unshift(...taken);
          queued += taken.length;
        }
        return;
      }
      for (const { taken } of batches) for (const one of taken) one.settle({ failed: error }, one.index);
    }
  }

  function settleAll(partition: number, taken: readonly WaitingAppend[], rows: readonly AppendRow[]): void {
    const events: StoredEvent[] = [];
    let head = 0;
    for (const [nth, { append, settle, index }] of taken.entries()) {
      const row = rows[nth];
      if (row?.accepted && row.position !== null && row.recorded_at !== null) {
        const { version, position, recorded_at: recordedAt } = row;
        if (onCommitted) for (const event of storedEvents(append, row, partition)) events.push(event);
        head = position;
        settle({ appended: true, version, partition, position, recordedAt }, index);
      } else {
        settle({ appended: false, version: row?.version ?? 0 }, index);
      }
    }
    if (head === 0) return;
    onCommitted?.({ partition, position: head, events });
    onMoved?.({ partition, position: head });
  }

  function enqueue(append: Append, settle: WaitingAppend['settle'], index: number): void {
    if (queued >= limits.maxQueuedAppends) {
      settle({ failed: new Overloaded('appends', limits.maxQueuedAppends) }, index);
      return;
    }
    if (append.events.some(hasLineBreak)) {
      settle({ failed: new Error('event JSON holds a line break') }, index);
      return;
    }
    queued += 1;
    const partition = orderPartition(append.orderId, partitions);
    waiting.push({ append, partition, bytes: bytesOf(append), settle, index });
    sendSoon();
  }

  return {
    append: (append) =>
      new Promise((resolve, reject) => {
        enqueue(append, (result) => ('failed' in result ? reject(result.failed) : resolve(result)), 0);
      }),
    appendAll: (appends) =>
      new Promise((resolve) => {
        const results = new Array<AppendResult | AppendFailed>(appends.length);
        let left = appends.length;
        if (left === 0) resolve(results);
        const settle: WaitingAppend['settle'] = (result, index) => {
          results[index] = result;
          left -= 1;
          if (left === 0) resolve(results);
        };
        for (const [index, append] of appends.entries()) enqueue(append, settle, index);
      }),
  };
}

function bytesOf({ events }: Append): number {
  let bytes = 0;
  for (const { data, metadata } of events) bytes += data.length + metadata.length;
  return bytes;
}

function hasLineBreak({ data, metadata }: NewEvent): boolean {
  // Each of them by itself: that is a search for a byte, and a pattern for both takes eight times as long.
  return data.includes('\n') || data.includes('\r') || metadata.includes('\n') || metadata.includes('\r');
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
