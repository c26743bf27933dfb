import { readChainedPage } from '../../event-log/read/read-page.js';
import { createStreamReader } from '../../event-log/read/read-stream.js';
import { projectionNamed } from '../../projections/all-projections.js';
import { compareFolded } from '../../projector/dry-run/compare-folded.js';
import { compareSomeSuspects } from '../../projector/dry-run/compare-generations.js';
import { type Difference, type Entry, readTexts, textDifferences } from '../../projector/dry-run/entry-differences.js';
import { FoldedPartition } from '../../projector/dry-run/folded-partition.js';
import { FoldTooLarge } from '../../projector/dry-run/memory-store.js';
import { Suspects } from '../../projector/dry-run/suspects.js';
import { type CheckpointFreeze, createCheckpointFreeze } from '../../projector/generations/checkpoint-freeze.js';
import { positionsInPartition } from '../../projector/generations/generation-contents.js';
import { projectorLimits as limits } from '../../projector/limits.js';
import { SkippedEvents } from '../../projector/skipped-events.js';
import type { GenerationId } from '../../read-models/keys.js';
import { yieldToEventLoop } from '../../yield-to-event-loop.js';
import type { RunContext } from './dry-run.js';

/** A live generation and its keys in each partition. It can be sent to a thread. */
export interface LiveGeneration {
  readonly id: GenerationId;
  readonly keys: readonly (readonly string[])[];
}

/** The partitions that are to be compared with the log. It can be sent to a thread. */
export interface PartitionsToVerify {
  readonly lives: readonly LiveGeneration[];
  readonly partitions: readonly number[];
  /** Partitions that are compared at the same time. */
  readonly atOnce: number;
  /** Bytes that the folded read models of one partition may take. */
  readonly maxBytes: number;
}

export interface VerifyListeners {
  /** Called with a number of events, or a part of it if only some projections were folded. */
  readonly onFolded: (events: number) => void;
  /** Called with the name of a projection and a number of its keys. */
  readonly onCompared: (projection: string, keys: number) => void;
  readonly onDifference: (difference: Difference) => void;
  /** Called with a projection that has more differing entries in a partition than are compared. */
  readonly onCutOff: (projection: string) => void;
}

type VerifyContext = Omit<RunContext, 'models'>;

/**
 * Compares partitions with the log. Each is folded into memory with all projections at once, or one
 * projection after the other if that takes too much memory, be it only by events that come while it
 * is compared. Rejects with FoldTooLarge if one of them takes too much by itself.
 */
export async function verifyPartitions(
  context: VerifyContext,
  { lives, partitions, atOnce, maxBytes }: PartitionsToVerify,
  listeners: VerifyListeners,
): Promise<void> {
  const skipped = new SkippedEvents(createStreamReader(context.pool, context.settings));
  await skipped.load();
  const checkpointFreeze = createCheckpointFreeze(context.redis, context.keys);
  const verifier: Verifier = { context, listeners, skipped, checkpointFreeze, maxBytes, projections: lives.length };
  /** Whether a partition was too large for all projections at once. */
  let isLarge = false;

  async function verifyPartition(partition: number): Promise<void> {
    let together = isLarge ? undefined : await foldIfSmall(partition);
    const remaining: Remaining[] = together
      ? await compareTogether(verifier, partition, lives, together)
      : lives.map((live) => ({ live }));
    // The memory is needed for the folds of single projections.
    together = undefined;
    for (const { live, suspects } of remaining) {
      const alone = await foldTogether(verifier, partition, [live]);
      await compareLive(verifier, partition, live, alone, suspects);
    }
  }

  async function foldIfSmall(partition: number): Promise<FoldedPartition | undefined> {
    try {
      return await foldTogether(verifier, partition, lives);
    } catch (error) {
      if (!(error instanceof FoldTooLarge)) throw error;
      isLarge = true;
      return undefined;
    }
  }

  const waiting = [...partitions];
  const verifyNext = async () => {
    for (let partition = waiting.shift(); partition !== undefined; partition = waiting.shift()) {
      await verifyPartition(partition);
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, verifyNext));
  } finally {
    // After an error, the others end with their partition.
    waiting.length = 0;
  }
}

interface Verifier extends Pick<PartitionsToVerify, 'maxBytes'> {
  readonly context: VerifyContext;
  readonly listeners: VerifyListeners;
  readonly skipped: SkippedEvents;
  readonly checkpointFreeze: CheckpointFreeze;
  /** The number of projections that are compared in all. */
  readonly projections: number;
}

/** A live generation that is still to be compared; only these entries of it if there are some. */
interface Remaining {
  readonly live: LiveGeneration;
  readonly suspects?: readonly Entry[];
}

/**
 * Compares live generations with one fold. Returns those that are left if the fold becomes too
 * large meanwhile, unless it has only one.
 */
async function compareTogether(
  verifier: Verifier,
  partition: number,
  lives: readonly LiveGeneration[],
  folded: FoldedPartition,
): Promise<Remaining[]> {
  for (const [index, live] of lives.entries()) {
    const uncompared = await compareLive(verifier, partition, live, folded, undefined, lives.length > 1);
    if (uncompared) return [{ live, suspects: uncompared }, ...lives.slice(index + 1).map((next) => ({ live: next }))];
  }
  return [];
}

/**
 * Compares a live generation with a fold.
 * @param known the entries to compare; by default those that a first pass finds to differ.
 * @param mayStop whether a fold that becomes too large ends the comparison early.
 * @returns the entries that are left if it has ended early.
 */
async function compareLive(
  { context, listeners, checkpointFreeze }: Verifier,
  partition: number,
  { id, ...live }: LiveGeneration,
  folded: FoldedPartition,
  known?: readonly Entry[],
  mayStop = false,
): Promise<readonly Entry[] | undefined> {
  const { redis, keys } = context;
  const { onCompared, onDifference, onCutOff } = listeners;
  const projection = projectionNamed(id.name);
  const prefix = keys.partition(id, partition)('');
  async function findSuspects(): Promise<Entry[]> {
    const ofFold = [...folded.store.contents.keys()].filter((name) => name.startsWith(prefix));
    const ofLive = (live.keys[partition] ?? []).map((key) => prefix + key);
    const found = new Suspects();
    await compareFolded(
      redis,
      new Set([...ofFold, ...ofLive]),
      (name) => folded.store.contents.get(name),
      found,
      (count) => onCompared(id.name, count),
    );
    if (found.isFull) onCutOff(id.name);
    return found.list().map(({ key, entry }) => ({ key: key.slice(prefix.length), entry }));
  }
  const advanceTo = (_: number, position: number) => folded.foldTo([projection], position);
  const differences = async (_: number, entries: readonly Entry[]) => {
    const ofLive = await readTexts(redis, keys, id, partition, entries);
    const compared = entries.slice(0, ofLive.length);
    const ofLog = compared.map(({ key, entry }) => folded.store.text(prefix + key, entry));
    return {
      differences: textDifferences(projection, partition, compared, ofLive, ofLog),
      compared: compared.length,
    };
  };
  const comparison = { checkpointFreeze, live: id, advanceTo, onDifference, differences };
  const suspects = known ?? (await findSuspects());
  for (let at = 0; at < suspects.length; ) {
    const some = suspects.slice(at, at + limits.maxEntriesComparedWhileFrozen);
    try {
      at += await compareSomeSuspects(comparison, partition, some);
    } catch (error) {
      if (!mayStop || !(error instanceof FoldTooLarge)) throw error;
      return suspects.slice(at);
    }
  }
  return undefined;
}

/**
 * Folds a partition to the positions of live generations. They are read right before: each event
 * that comes later makes its entries suspects, which are compared again one by one. Rejects with
 * FoldTooLarge.
 */
async function foldTogether(
  { context, listeners, skipped, maxBytes, projections }: Verifier,
  partition: number,
  lives: readonly LiveGeneration[],
): Promise<FoldedPartition> {
  const { pool, redis, keys, openEvents: open, log } = context;
  let events = 0;
  const folded = new FoldedPartition(
    {
      ...{ keys, open, skipped, log, maxBytes },
      readEvents: (one, after, max) => readChainedPage(pool, one, after, max),
      yieldToEventLoop,
      onFolded: (count) => {
        const share = (count * lives.length) / projections;
        events += share;
        listeners.onFolded(share);
      },
    },
    partition,
    lives.map(({ id }) => ({ id, projection: projectionNamed(id.name) })),
  );
  const positions = await positionsInPartition(
    redis,
    keys,
    lives.map(({ id }) => id),
    partition,
  );
  try {
    // Most are at the same position: the log is read and decoded once for them.
    const all = lives.map(({ id }) => projectionNamed(id.name));
    await folded.foldTo(all, Math.min(...positions));
    for (const [index, projection] of all.entries()) await folded.foldTo([projection], positions[index] ?? 0);
  } catch (error) {
    listeners.onFolded(-events);
    throw error;
  }
  folded.store.maxBytes = maxBytes * limits.foldedGrowth;
  return folded;
}
