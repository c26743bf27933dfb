import { firstEpoch } from '../../log-epochs.js';
import { orderPartition } from '../../orders/values/partition.js';
import { coalesce } from '../coalesce.js';
import type { LogSettings, Pool } from '../database.js';
import { hashBytes } from '../hash-chain.js';
import type { HeadMoved } from '../heads/head-moved.js';
import { eventLogLimits as limits } from '../limits.js';
import { Overloaded } from '../overloaded.js';
import type { StoredEvent } from '../stored-event.js';
import type {
  Append,
  Appender,
  AppendFailed,
  AppendObserver,
  AppendResult,
  CommittedEvents,
  KnownLog,
} from './append.js';
import {
  byPartition,
  bytesOf,
  hasLineBreak,
  type IsolatedPartition,
  type QueuedAppend,
  type QueuedBatch,
  takeAppendsForCall,
} from './append-queue.js';
import { type AppendRow, createAppendStatements, mayConcernOnePartition, refusalOf } from './append-statements.js';
import { CallsInFlight } from './calls-in-flight.js';
import { committedEvents } from './committed-events.js';

/** They must not throw. The first two are called after each commit, once per partition. */
export interface AppendListeners {
  readonly onHeadMoved?: (head: HeadMoved) => void;
  /** If set, the append calls also return the events' hashes. Called before `onHeadMoved`. */
  readonly onCommitted?: (committed: CommittedEvents) => void;
  /** Called with an append call's partitions, and with its error unless it was committed. */
  readonly onCallEnded?: (partitions: readonly number[], error?: unknown) => void;
  readonly observer?: Pick<AppendObserver, 'call' | 'conflict' | 'queued'> | undefined;
}

/**
 * Appends by group commit: while a call is in flight, further appends queue up, and the next call
 * takes them. No timer delays an append. An idle process sends it after one turn of the event loop
 * that brings no further append; under load the calls grow by themselves.
 *
 * A call and its commit cost far more than an event. One call therefore carries the appends of all
 * partitions, oldest first. If another session holds one partition's lock, only that partition may
 * wait for it: it becomes isolated.
 *
 * ## An append
 *
 * - **queued**: it is in `queue`, or in its partition's own queue if the partition is isolated.
 *   `queuedCount` counts both. A call takes it from there.
 * - **in flight**: `deliver` holds it, and no queue counts it. It ends with the call's response.
 *   If a call for several partitions fails with nothing done, and the error may concern only one
 *   of them, the call's appends are queued again, each at the front of its partition's own queue.
 * - **ended**: `onResult` was called. A full queue, or a line break in the JSON, ends an append
 *   before it is queued.
 *
 * ## A partition
 *
 * - **shared**: it has no entry in `isolated`. Its appends go through `queue`, with all others.
 * - **isolated**: it has an entry in `isolated`, with a queue of its own. Its calls have
 *   connections of their own, one at a time (`inFlight`). A partition becomes isolated
 *   1. when a call takes appends of no other partition: that call may wait for the lock until the
 *      statement times out;
 *   2. when a call for several partitions fails as described above: all its partitions do;
 *   3. with every append if the log's tables are distributed over servers
 *      (`appendAcrossPartitions` is false), since a transaction then has to stay in one partition.
 *
 *   It is shared again when one of its calls ends and its own queue is empty.
 *
 * ## Sending
 *
 * `send` runs, coalesced, after an append was queued, after a call ended, and when a call becomes
 * slow or blocked (see `CallsInFlight`). It sends one call for each isolated partition that has
 * none in flight. For `queue` it sends
 *
 * - a first call at once;
 * - beside a fast call, a second one only if it is full (`maxBatchEvents` appends are queued): an
 *   append that waits for the end of a fast call makes the next call larger, which costs less than
 *   a call of its own;
 * - beside a slow call, a second one at once;
 * - beside two calls, none. A blocked call does not count.
 *
 * The call that isolates a partition (case 1) counts among these; the partition's later calls do
 * not. `createPipelinedConnection` decides which connection a call for several partitions uses.
 */
export function createAppender(
  pool: Pool,
  { partitions, appendAcrossPartitions }: Pick<LogSettings, 'partitions' | 'appendAcrossPartitions'>,
  { onHeadMoved, onCommitted, onCallEnded, observer }: AppendListeners = {},
  known: KnownLog = { epoch: firstEpoch, position: () => 0, maxClockBehindMs: limits.maxClockBehindMs },
): Appender {
  /** Appends of shared partitions, oldest first. */
  const queue: QueuedAppend[] = [];
  const isolated = new Map<number, IsolatedPartition>();
  /** The appends in `queue` and in the queues of isolated partitions. */
  let queuedCount = 0;
  const callAppend = createAppendStatements(pool, onCommitted !== undefined, known);
  const sendSoon = coalesce(send, () => queuedCount >= limits.coalesceTarget, limits.maxCoalesceMs);
  const calls = new CallsInFlight(sendSoon);

  function send(): void {
    const isWorthACall = () => !calls.hasFastCall || queue.length >= limits.maxBatchEvents;
    for (;;) {
      if (isolated.size > 0 || !appendAcrossPartitions) moveToIsolated();
      if (queue.length === 0 || calls.count === limits.maxAppendCallsInFlight || !isWorthACall()) break;
      sendShared();
    }
    for (const entry of isolated.values()) sendIsolated(entry);
  }

  /** Moves the appends of isolated partitions from `queue` to those partitions' own queues. */
  function moveToIsolated(): void {
    for (const queued of queue.splice(0)) {
      if (isolated.has(queued.partition) || !appendAcrossPartitions) isolate(queued.partition).queue.push(queued);
      else queue.push(queued);
    }
  }

  function sendShared(): void {
    const batches = byPartition(takeAppendsForCall(queue));
    const [first, second] = batches;
    if (first && !second) {
      const entry = isolate(first.partition);
      entry.queue.push(...first.appends);
      sendIsolated(entry, calls.start());
      return;
    }
    for (const { appends } of batches) queuedCount -= appends.length;
    observer?.queued(queuedCount);
    void deliver(batches).finally(calls.start());
  }

  function isolate(partition: number): IsolatedPartition {
    const entry = isolated.get(partition) ?? { partition, queue: [], inFlight: false };
    isolated.set(partition, entry);
    return entry;
  }

  /** @param endCall ends the call in `calls`, if it counts there. */
  function sendIsolated(entry: IsolatedPartition, endCall?: () => void): void {
    if (entry.inFlight) return;
    const appends = takeAppendsForCall(entry.queue);
    queuedCount -= appends.length;
    observer?.queued(queuedCount);
    entry.inFlight = true;
    void deliver([{ partition: entry.partition, appends }]).finally(() => {
      entry.inFlight = false;
      if (entry.queue.length === 0) isolated.delete(entry.partition);
      endCall?.();
      sendSoon();
    });
  }

  /** Sends one call and reports its results. Never rejects. */
  async function deliver(batches: readonly QueuedBatch[]): Promise<void> {
    const startMs = performance.now();
    const observe = (isCommitted: boolean) =>
      observer?.call({ events: eventsOf(batches), seconds: (performance.now() - startMs) / 1000, isCommitted });
    try {
      const rows = await callAppend(
        batches.map(({ partition, appends }) => ({ partition, appends: appends.map(({ append }) => append) })),
      );
      onCallEnded?.(partitionsOf(batches));
      observe(true);
      let row = 0;
      for (const { partition, appends } of batches) {
        reportResults(partition, appends, rows.slice(row, row + appends.length));
        row += appends.length;
      }
    } catch (error) {
      observe(false);
      if (batches.length > 1 && mayConcernOnePartition(error)) {
        for (const { partition, appends } of batches) {
          isolate(partition).queue.unshift(...appends);
          queuedCount += appends.length;
        }
        return;
      }
      const refusal = refusalOf(error);
      if (refusal) known.onRefused?.();
      const result = { failed: refusal ?? error };
      onCallEnded?.(partitionsOf(batches), result.failed);
      for (const { appends } of batches) for (const queued of appends) queued.onResult(result, queued.index);
    }
  }

  function reportResults(partition: number, appends: readonly QueuedAppend[], rows: readonly AppendRow[]): void {
    const events: StoredEvent[] = [];
    let head = 0;
    let hash: Buffer | undefined;
    for (const [nth, { append, onResult, index }] of appends.entries()) {
      const row = rows[nth];
      if (row?.accepted && row.position !== null && row.recorded_at !== null) {
        const { version, position, recorded_at: recordedAt } = row;
        if (onCommitted) for (const event of committedEvents(append, row, partition)) events.push(event);
        head = position;
        hash = row.hashes?.subarray(-hashBytes);
        onResult({ appended: true, version, partition, position, recordedAt }, index);
      } else {
        observer?.conflict();
        onResult({ appended: false, version: row?.version ?? 0 }, index);
      }
    }
    if (head === 0) return;
    onCommitted?.({ partition, position: head, events });
    onHeadMoved?.({ partition, position: head, hash });
  }

  function enqueue(append: Append, onResult: QueuedAppend['onResult'], index: number): void {
    if (queuedCount >= limits.maxQueuedAppends) {
      onResult({ failed: new Overloaded('queued appends', limits.maxQueuedAppends) }, index);
      return;
    }
    if (known.refusal) {
      onResult({ failed: known.refusal }, index);
      return;
    }
    if (append.events.some(hasLineBreak)) {
      onResult({ failed: new Error('the JSON text of an event contains a line break') }, index);
      return;
    }
    queuedCount += 1;
    const partition = orderPartition(append.orderId, partitions);
    queue.push({ append, partition, bytes: bytesOf(append), onResult, index });
    observer?.queued(queuedCount);
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
        const onResult: QueuedAppend['onResult'] = (result, index) => {
          results[index] = result;
          left -= 1;
          if (left === 0) resolve(results);
        };
        for (const [index, append] of appends.entries()) enqueue(append, onResult, index);
      }),
  };
}

function eventsOf(batches: readonly QueuedBatch[]): number {
  let events = 0;
  for (const { appends } of batches) for (const { append } of appends) events += append.events.length;
  return events;
}

function partitionsOf(batches: readonly QueuedBatch[]): number[] {
  return batches.map(({ partition }) => partition);
}
