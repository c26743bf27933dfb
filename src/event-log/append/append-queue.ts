import { eventLogLimits as limits } from '../limits.js';
import type { Append, AppendFailed, AppendResult, NewEvent } from './append.js';

/** An append from the moment it is queued until its result is known. */
export interface QueuedAppend {
  readonly append: Append;
  readonly partition: number;
  readonly bytes: number;
  /**
   * Called once with the result. Appends that were requested together share one function: `index`
   * is the append's place among them.
   */
  readonly onResult: (result: AppendResult | AppendFailed, index: number) => void;
  readonly index: number;
}

/** The appends that one call carries for one partition. */
export interface QueuedBatch {
  readonly partition: number;
  readonly appends: readonly QueuedAppend[];
}

/** A partition whose appends have calls of their own, one at a time. See group-commit.ts. */
export interface IsolatedPartition {
  readonly partition: number;
  readonly queue: QueuedAppend[];
  inFlight: boolean;
}

/** Removes from the front of a queue as many appends as fit into one call. */
export function takeAppendsForCall(queue: QueuedAppend[]): QueuedAppend[] {
  const fits = createCallBudget();
  const end = queue.findIndex((queued) => !fits(queued));
  return queue.splice(0, end === -1 ? queue.length : end);
}

/** Groups appends by partition, ascending. The appends of each partition keep their order. */
export function byPartition(appends: readonly QueuedAppend[]): QueuedBatch[] {
  const batches: { partition: number; appends: QueuedAppend[] }[] = [];
  for (const queued of appends) {
    const batch = batches[queued.partition];
    if (batch) batch.appends.push(queued);
    else batches[queued.partition] = { partition: queued.partition, appends: [queued] };
  }
  // The array is indexed by partition, so partitions without appends are holes. filter skips them.
  return batches.filter(Boolean);
}

/**
 * Adds up one call: returns whether one append after the other still fits. The first always fits.
 */
function createCallBudget(): (queued: QueuedAppend) => boolean {
  let events = 0;
  let bytes = 0;
  return (queued) => {
    const isFirst = events === 0;
    events += queued.append.events.length;
    bytes += queued.bytes;
    return isFirst || (events <= limits.maxBatchEvents && bytes <= limits.maxBatchBytes);
  };
}

/** Estimates an append's bytes by the length of its JSON texts, which is exact for ASCII. */
export function bytesOf({ events }: Append): number {
  let bytes = 0;
  for (const { data, metadata } of events) bytes += data.length + metadata.length;
  return bytes;
}

/** Whether an event's JSON has a line break, which would corrupt the lines of an append call. */
export function hasLineBreak({ data, metadata }: NewEvent): boolean {
  // Four searches for one character each. A pattern for both characters takes eight times as long.
  return data.includes('\n') || data.includes('\r') || metadata.includes('\n') || metadata.includes('\r');
}
