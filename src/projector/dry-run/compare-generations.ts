import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Checkpoint } from '../../read-models/checkpoint.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import type { CheckpointFreeze } from '../generations/checkpoint-freeze.js';
import { byPartition, scanGeneration } from '../generations/generation-contents.js';
import { type KeyPage, keyReader } from '../generations/key-pages.js';
import { projectorLimits as limits } from '../limits.js';
import {
  type ComparedGenerations,
  type Difference,
  type Entry,
  entryDifferences,
  type SomeDifferences,
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
      for (const [partition, all] of byPartition(found)) {
        // The first side has compared the keys that exist on both sides.
        const added = side === 'live' ? all : await missingInLive(comparison, partition, all);
        compared += await compareKeys(comparison, partition, added, suspectsOf(partition), budget);
      }
      // There is no room for further suspects.
      if (budget.isSpent) break;
    }
  }
  const differences = (partition: number, entries: readonly Entry[]) =>
    entryDifferences(comparison, partition, entries);
  for (const [partition, ofPartition] of suspects) {
    const list = ofPartition.list();
    for (let at = 0; at < list.length; )
      at += await compareSomeSuspects(
        { ...comparison, differences },
        partition,
        list.slice(at, at + limits.maxEntriesComparedWhileFrozen),
      );
  }
  return { compared, isComplete: [...suspects.values()].every(({ isFull }) => !isFull) };
}

/** Entries that differ between a live generation and a rebuilt one, perhaps by time alone. */
export interface SuspectComparison
  extends Pick<Comparison, 'checkpointFreeze' | 'live' | 'advanceTo' | 'onDifference' | 'signal'> {
  readonly differences: (partition: number, entries: readonly Entry[]) => Promise<SomeDifferences>;
}

/**
 * Compares the first suspects of a list while both generations are at the same position.
 * @param suspects `maxEntriesComparedWhileFrozen` at most.
 * @returns how many were compared, at least one.
 */
export async function compareSomeSuspects(
  comparison: SuspectComparison,
  partition: number,
  suspects: readonly Entry[],
): Promise<number> {
  comparison.signal?.throwIfAborted();
  const { differences, compared } = await compareAtSamePosition(comparison, partition, suspects);
  for (const difference of differences) comparison.onDifference(difference);
  return compared;
}

async function missingInLive(
  { redis, keys, live }: Comparison,
  partition: number,
  found: readonly string[],
): Promise<string[]> {
  const name = keys.partition(live, partition);
  const exists = await pipeline(
    redis,
    found.map((key) => ['EXISTS', name(key)]),
  );
  return found.filter((_, index) => exists[index] === 0);
}

/**
 * Compares keys of a partition: the first pages of a few keys of both generations at once, and
 * large keys page by page.
 * @returns the number of compared keys. No more are compared once too many entries differ.
 */
async function compareKeys(
  comparison: Comparison,
  partition: number,
  found: readonly string[],
  suspects: Suspects,
  budget: SuspectsBudget,
): Promise<number> {
  const { redis, keys, live: liveId, rebuilt: rebuiltId } = comparison;
  const reader = keyReader(redis);
  const [ofLive, ofRebuilt] = [keys.partition(liveId, partition), keys.partition(rebuiltId, partition)];
  for (let at = 0; at < found.length; ) {
    comparison.signal?.throwIfAborted();
    if (suspects.isFull || budget.isSpent) return at;
    const some = found.slice(at, at + limits.keysComparedAtOnce);
    const [livePages = [], rebuiltPages = []] = await Promise.all(
      [ofLive, ofRebuilt].map((name) => reader.firstPages(some.map((key) => name(key)))),
    );
    // Both have the same keys, but the bytes of one round trip may have ended earlier on one side.
    const both = Math.min(livePages.length, rebuiltPages.length);
    for (const [nth, key] of some.slice(0, both).entries()) {
      const [live, rebuilt] = [livePages[nth], rebuiltPages[nth]];
      if (!live || !rebuilt) continue;
      if (live.next === undefined && rebuilt.next === undefined) compareEntries(key, live, rebuilt, suspects);
      else {
        const [name, other] = [ofLive(key), ofRebuilt(key)];
        await comparePages(comparison, { key, name, other }, live, suspects);
        await comparePages(comparison, { key, name: other, other: name }, rebuilt, suspects);
      }
    }
    at += both;
  }
  return found.length;
}

function compareEntries(key: string, live: KeyPage, rebuilt: KeyPage, suspects: Suspects): void {
  const left = new Map<string, string>();
  live.forEach((entry, text) => {
    left.set(entry, text);
  });
  rebuilt.forEach((entry, text) => {
    if (left.get(entry) !== text) suspects.add(key, entry);
    left.delete(entry);
  });
  for (const entry of left.keys()) suspects.add(key, entry);
}

interface ComparedKey {
  readonly key: string;
  /** Its whole name in the generation that is read page by page, and in the other one. */
  readonly name: string;
  readonly other: string;
}

/** Compares the entries of a key, page by page, with those of another generation. */
async function comparePages(
  { redis, signal }: Comparison,
  { key, name, other }: ComparedKey,
  first: KeyPage,
  suspects: Suspects,
): Promise<void> {
  const reader = keyReader(redis);
  for await (const page of reader.pages(name, first)) {
    const entries: string[] = [];
    const texts: string[] = [];
    page.forEach((entry, text) => {
      entries.push(entry);
      texts.push(text);
    });
    for (let at = 0; at < entries.length; ) {
      signal?.throwIfAborted();
      if (suspects.isFull) return;
      const found = await reader.texts(entries.slice(at).map((entry) => ({ name: other, entry })));
      for (const [nth, text] of found.entries())
        if (text !== texts[at + nth]) suspects.add(key, entries[at + nth] ?? '');
      at += found.length;
    }
  }
}

async function compareAtSamePosition(
  comparison: SuspectComparison,
  partition: number,
  suspects: readonly Entry[],
): Promise<SomeDifferences> {
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
