import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Checkpoint } from '../../read-models/checkpoint.js';
import type { GenerationId } from '../../read-models/keys.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import type { CheckpointFreeze } from '../generations/checkpoint-freeze.js';
import { type Entries, type KeyPages, openKeys, scanGeneration } from '../generations/generation-contents.js';
import { projectorLimits as limits } from '../limits.js';
import {
  type ComparedGenerations,
  type Difference,
  type Entry,
  entryDifferences,
  readTexts,
} from './entry-differences.js';
import { Suspects, SuspectsBudget } from './suspects.js';

export interface Comparison extends ComparedGenerations {
  readonly checkpointFreeze: CheckpointFreeze;
  /**
   * Brings the rebuilt generation of a partition exactly to a position. Undefined if the
   * generations are at different positions on purpose; they are then compared as they are.
   */
  readonly advanceTo: ((partition: number, position: number) => Promise<void>) | undefined;
  readonly onDifference: (difference: Difference) => void;
  /** Ends the comparison early: it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

interface FoundKey {
  readonly partition: number;
  readonly key: string;
}

/**
 * Compares two generations entry by entry.
 *
 * A first pass compares all entries while both generations change: a few keys at a time, and large
 * ones page by page, so that little of them is in memory. The entries that differ are suspects.
 *
 * A second pass compares the suspects in batches: it freezes the live generation, brings the
 * rebuilt one to the same position, and compares then. So a reported difference is one of content
 * and not of time.
 *
 * @returns the number of compared keys, and whether all entries that differ were compared again.
 */
export async function compareGenerations(comparison: Comparison): Promise<{ compared: number; isComplete: boolean }> {
  const { redis, keys } = comparison;
  const suspects = new Map<number, Suspects>();
  const budget = new SuspectsBudget(limits.maxDryRunSuspectsBytes);
  const suspectsOf = (partition: number) => {
    const known = suspects.get(partition) ?? new Suspects(budget);
    suspects.set(partition, known);
    return known;
  };
  let compared = 0;
  for (const side of ['live', 'rebuilt'] as const) {
    for await (const found of scanGeneration(redis, keys, comparison[side])) {
      for (let at = 0; at < found.length; at += limits.keysComparedAtOnce) {
        comparison.signal?.throwIfAborted();
        // Further entries that differ would be left out.
        if (budget.isSpent) break;
        const some = found.slice(at, at + limits.keysComparedAtOnce);
        // The first side has compared the keys that exist on both sides.
        const added = side === 'live' ? some : await missingInLive(comparison, some);
        compared += await compareKeys(comparison, added, suspectsOf);
      }
      if (budget.isSpent) break;
    }
  }
  const differences = (partition: number, entries: readonly Entry[]) =>
    entryDifferences(comparison, partition, entries);
  for (const [partition, ofPartition] of suspects)
    await compareSuspects({ ...comparison, differences }, partition, ofPartition.list());
  return { compared, isComplete: [...suspects.values()].every(({ isFull }) => !isFull) };
}

/** Entries that differ between a live generation and a rebuilt one, perhaps by time alone. */
export interface SuspectComparison
  extends Pick<Comparison, 'checkpointFreeze' | 'live' | 'advanceTo' | 'onDifference' | 'signal'> {
  readonly differences: (partition: number, entries: readonly Entry[]) => Promise<Difference[]>;
}

/** Compares suspects in batches, each while both generations are at the same position. */
export async function compareSuspects(
  comparison: SuspectComparison,
  partition: number,
  suspects: readonly Entry[],
): Promise<void> {
  for (let at = 0; at < suspects.length; at += limits.maxEntriesComparedWhileFrozen) {
    comparison.signal?.throwIfAborted();
    const batch = suspects.slice(at, at + limits.maxEntriesComparedWhileFrozen);
    const differences = await compareAtSamePosition(comparison, partition, batch);
    for (const difference of differences) comparison.onDifference(difference);
  }
}

async function missingInLive({ redis, keys, live }: Comparison, found: readonly FoundKey[]): Promise<FoundKey[]> {
  const exists = await pipeline(
    redis,
    found.map(({ partition, key }) => ['EXISTS', keys.partition(live, partition)(key)]),
  );
  return found.filter((_, index) => exists[index] === 0);
}

/** @returns the number of keys that were compared: of a full partition, no more are. */
async function compareKeys(
  comparison: Comparison,
  found: readonly FoundKey[],
  suspectsOf: (partition: number) => Suspects,
): Promise<number> {
  const { redis, keys, live, rebuilt } = comparison;
  const some = found.filter(({ partition }) => !suspectsOf(partition).isFull);
  const [ofLive = [], ofRebuilt = []] = await Promise.all(
    [live, rebuilt].map((id) =>
      openKeys(
        redis,
        some.map(({ partition, key }) => keys.partition(id, partition)(key)),
      ),
    ),
  );
  for (const [index, one] of some.entries()) {
    const [liveKey, rebuiltKey] = [ofLive[index], ofRebuilt[index]];
    if (!liveKey || !rebuiltKey) continue;
    const suspects = suspectsOf(one.partition);
    if (liveKey.isWhole && rebuiltKey.isWhole) compareEntries(one.key, liveKey.first, rebuiltKey.first, suspects);
    else {
      await comparePages(comparison, one, liveKey, rebuilt, suspects);
      await comparePages(comparison, one, rebuiltKey, live, suspects);
    }
  }
  return some.length;
}

function compareEntries(key: string, live: Entries, rebuilt: Entries, suspects: Suspects): void {
  for (const entry of new Set([...live.keys(), ...rebuilt.keys()]))
    if (live.get(entry) !== rebuilt.get(entry)) suspects.add(key, entry);
}

/** Compares the entries of a key, page by page, with those of another generation. */
async function comparePages(
  comparison: Comparison,
  { partition, key }: FoundKey,
  { pages }: KeyPages,
  other: GenerationId,
  suspects: Suspects,
): Promise<void> {
  for await (const page of pages()) {
    comparison.signal?.throwIfAborted();
    if (suspects.isFull) return;
    const entries = Array.from(page.keys(), (entry) => ({ key, entry }));
    const texts = await readTexts(comparison, other, partition, entries);
    for (const [index, { entry }] of entries.entries()) if (texts[index] !== page.get(entry)) suspects.add(key, entry);
  }
}

async function compareAtSamePosition(
  comparison: SuspectComparison,
  partition: number,
  suspects: readonly Entry[],
): Promise<Difference[]> {
  const { checkpointFreeze, live, advanceTo } = comparison;
  if (!advanceTo) return comparison.differences(partition, suspects);
  for (let attempt = 0; attempt < limits.maxComparisonAttempts; attempt += 1) {
    const token = randomUUID();
    try {
      const { position } = await freezeLive(comparison, partition, token);
      await advanceTo(partition, position);
      const differences = await comparison.differences(partition, suspects);
      // The owner thaws a checkpoint that is frozen for too long. Two positions were compared then.
      const after = await checkpointFreeze.freeze(live, partition, token);
      if (after?.position === position) return differences;
    } finally {
      await checkpointFreeze.thaw(live, partition, token);
    }
  }
  throw new Error(`${live.name} cannot be frozen long enough in partition ${partition} to be compared: try again`);
}

/** Freezes the live generation. If it is frozen under another token, waits until it is thawed. */
async function freezeLive(
  { checkpointFreeze, live, signal }: SuspectComparison,
  partition: number,
  token: string,
): Promise<Checkpoint> {
  const deadlineMs = performance.now() + 2 * limits.freezeTimeoutMs;
  for (;;) {
    const checkpoint = await checkpointFreeze.freeze(live, partition, token);
    if (checkpoint) return checkpoint;
    if (performance.now() > deadlineMs)
      throw new Error(`${live.name} is being replaced by a rebuild: compare it afterwards`);
    signal?.throwIfAborted();
    await setTimeout(limits.frozenCheckIntervalMs);
  }
}
