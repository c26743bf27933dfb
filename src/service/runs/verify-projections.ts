import { getDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { Projection } from '../../projections/projection.js';
import type { Difference } from '../../projector/dry-run/entry-differences.js';
import { FoldTooLarge } from '../../projector/dry-run/memory-store.js';
import { positionsOf, scanGeneration } from '../../projector/generations/generation-contents.js';
import { projectorLimits as limits } from '../../projector/limits.js';
import { type ComparedGeneration, liveGeneration, type RunContext } from './dry-run.js';
import {
  type LiveGeneration,
  type PartitionsToVerify,
  type VerifyListeners,
  verifyPartitions,
} from './verify-partitions.js';
import type { ThreadConnection, WorkerMessage, WorkerTask } from './verify-worker.js';

export interface VerifyProjectionsOptions {
  /** Called with the share of the work that is done, 0 to 1, and the events that were folded. */
  readonly onProgress?: (share: number, events: number) => void;
  /**
   * Called with each difference, once no partition is too large to be folded: a caller then replays
   * the log into Redis, which finds the differences again.
   */
  readonly onDifference: (difference: Difference) => void;
  readonly maxFoldedBytes?: number;
  /** Threads that share the partitions, over connections of their own. By default there is none. */
  readonly threads?: { readonly count: number; readonly connection: ThreadConnection };
}

/**
 * Compares the live generations of projections with the log. The log is read once for all of them,
 * one partition after the other, and folded into memory: Redis is only read. Entries that differ
 * are compared again while the live generation is frozen, so that a reported difference is one of
 * content and not of time. Rejects with FoldTooLarge if a partition takes too much memory.
 * @returns of each projection, in their order, what was compared
 */
export async function verifyProjections(
  context: RunContext,
  projections: readonly Projection[],
  { onProgress, onDifference, maxFoldedBytes = availableBytes(), threads }: VerifyProjectionsOptions,
): Promise<ComparedGeneration[]> {
  const lives: LiveGeneration[] = [];
  for (const projection of projections) lives.push(await findLive(context, projection));
  const events = await eventsOf(context, lives[0]);
  const allKeys = lives.reduce((sum, { keys }) => sum + keys.reduce((all, { length }) => all + length, 0), 0);
  const compared = new Map<string, number>();
  let folded = 0;
  let comparedKeys = 0;
  const report = () => {
    const share = folded / Math.max(1, events) + comparedKeys / Math.max(1, allKeys);
    onProgress?.(Math.min(1, share / 2), Math.round(folded));
  };
  const listeners: VerifyListeners = {
    onFolded: (count) => {
      folded += count;
      report();
    },
    onCompared: (projection, count) => {
      comparedKeys += count;
      compared.set(projection, (compared.get(projection) ?? 0) + count);
      report();
    },
    onDifference: (difference) => {
      const length = lengthOf(difference);
      if (!held || heldLength + length > limits.maxHeldLength) return onDifference(difference);
      held.push(difference);
      heldLength += length;
    },
    onCutOff: (projection) => cutOff.add(projection),
  };
  let held: Difference[] | undefined = [];
  let heldLength = 0;
  const cutOff = new Set<string>();
  const reportHeld = () => {
    for (const difference of held ?? []) onDifference(difference);
    held = undefined;
  };
  const { partitions } = context.settings;
  const count = Math.min(threads?.count ?? 1, partitions);
  const atOnce = count === 1 ? limits.foldedPartitionsAtOnce : 1;
  const maxBytes = maxFoldedBytes / (count * atOnce);
  const works = Array.from({ length: count }, (_, nth): PartitionsToVerify => {
    const own = Array.from({ length: partitions }, (_, partition) => partition).filter((one) => one % count === nth);
    return { lives, partitions: own, atOnce, maxBytes };
  });
  const [only] = works;
  try {
    if (threads && works.length > 1) await inThreads(works, threads.connection, listeners);
    else if (only) await verifyPartitions(context, only, listeners);
  } catch (error) {
    // Errors of other kinds end the verification: it reports what it has found.
    if (!(error instanceof FoldTooLarge)) reportHeld();
    throw error;
  }
  reportHeld();
  return lives.map(({ id: { name, generation } }) => {
    return { compared: compared.get(name) ?? 0, generation, isComplete: !cutOff.has(name) };
  });
}

/** Runs each work in a thread of its own. The first that fails ends the others. */
async function inThreads(
  works: readonly PartitionsToVerify[],
  connection: ThreadConnection,
  listeners: VerifyListeners,
): Promise<void> {
  const workers = works.map((work) => {
    const addressTimeoutMs = getDefaultAutoSelectFamilyAttemptTimeout();
    const task: WorkerTask = { connection, work, addressTimeoutMs };
    return new Worker(new URL('./verify-worker.js', import.meta.url), { workerData: task });
  });
  try {
    await Promise.all(workers.map((worker) => resultOf(worker, listeners)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function resultOf(worker: Worker, { onFolded, onCompared, onDifference, onCutOff }: VerifyListeners): Promise<void> {
  return new Promise((resolve, reject) => {
    const receive = (message: WorkerMessage) => {
      if ('folded' in message) onFolded(message.folded);
      else if ('compared' in message) onCompared(message.projection, message.compared);
      else if ('difference' in message) onDifference(message.difference);
      else if ('cutOff' in message) onCutOff(message.cutOff);
      else if ('ended' in message) resolve();
      else reject(asError(message.failed));
    };
    worker.on('message', (message: WorkerMessage) => {
      // An error of a listener would otherwise end the process.
      try {
        receive(message);
      } catch (error) {
        reject(error);
      }
    });
    worker.once('messageerror', reject);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('a thread of the comparison has ended')));
  });
}

function asError({ name, message }: { readonly name: string; readonly message: string }): Error {
  return name === 'FoldTooLarge' ? new FoldTooLarge(message) : new Error(message);
}

function lengthOf({ projection, key, orderId = '', field, live = '', rebuilt = '' }: Difference): number {
  return projection.length + key.length + orderId.length + field.length + live.length + rebuilt.length;
}

function availableBytes(): number {
  return Math.min(limits.maxFoldedBytes, limits.maxFoldedHeapShare * getHeapStatistics().heap_size_limit);
}

/** Finds the live generation. The number of its keys grows far more slowly than the log. */
async function findLive(
  { redis, keys, settings, models }: RunContext,
  projection: Projection,
): Promise<LiveGeneration> {
  const { name } = projection;
  const id = { name, generation: await liveGeneration(models, projection) };
  const found = Array.from({ length: settings.partitions }, () => new Set<string>());
  for await (const page of scanGeneration(redis, keys, id))
    for (const { partition, key } of page) found[partition]?.add(key);
  return { id, keys: found.map((ofPartition) => [...ofPartition]) };
}

/** About as many events as a live generation is folded from: more may come meanwhile. */
async function eventsOf({ redis, keys, settings }: RunContext, live: LiveGeneration | undefined): Promise<number> {
  if (!live) return 0;
  const positions = await positionsOf(redis, keys, live.id, settings.partitions);
  return positions.reduce((sum, position) => sum + position, 0);
}
