import { eventLogLimits as limits } from '../limits.js';
import type { Append, AppendFailed, AppendResult } from './append.js';

/** An append that waits for its call, or is in one. */
export interface WaitingAppend {
  readonly append: Append;
  readonly partition: number;
  readonly bytes: number;
  /** Told what became of it, with its place among those that were asked for together: one function for all of them. */
  readonly settle: (result: AppendResult | AppendFailed, index: number) => void;
  readonly index: number;
}

/** Appends that go to one partition in a call. */
export interface Batch {
  readonly partition: number;
  readonly taken: readonly WaitingAppend[];
}

/** A partition whose appends have calls of their own, one at a time. */
export interface IsolatedPartition {
  readonly partition: number;
  readonly waiting: WaitingAppend[];
  inFlight: boolean;
}

/** Takes from the front what fits into a call. */
export function takeCall(waiting: WaitingAppend[]): WaitingAppend[] {
  const fits = room();
  const end = waiting.findIndex((one) => !fits(one));
  return waiting.splice(0, end === -1 ? waiting.length : end);
}

/** By ascending partition, those of each in their order. */
export function byPartition(appends: readonly WaitingAppend[]): Batch[] {
  const batches: { partition: number; taken: WaitingAppend[] }[] = [];
  for (const one of appends) {
    const batch = batches[one.partition];
    if (batch) batch.taken.push(one);
    else batches[one.partition] = { partition: one.partition, taken: [one] };
  }
  // Partitions of which there is none are holes, which this passes over.
  return batches.filter(Boolean);
}

/** Of a call: says of one append after the other whether it fits in as well. The first does, however large it is. */
function room(): (one: WaitingAppend) => boolean {
  let events = 0;
  let bytes = 0;
  return (one) => {
    const isFirst = events === 0;
    events += one.append.events.length;
    bytes += one.bytes;
    return isFirst || (events <= limits.maxBatchEvents && bytes <= limits.maxBatchBytes);
  };
}
