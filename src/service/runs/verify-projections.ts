import { readChainedPage } from '../../event-log/read/read-page.js';
import { createStreamReader } from '../../event-log/read/read-stream.js';
import type { Projection } from '../../projections/projection.js';
import { compareFolded } from '../../projector/dry-run/compare-folded.js';
import { compareSuspects } from '../../projector/dry-run/compare-generations.js';
import { type Difference, type Entry, readTexts, textDifferences } from '../../projector/dry-run/entry-differences.js';
import { FoldedPartition } from '../../projector/dry-run/folded-partition.js';
import { createCheckpointFreeze } from '../../projector/generations/checkpoint-freeze.js';
import { positionsOf, scanGeneration } from '../../projector/generations/generation-contents.js';
import { projectorLimits as limits } from '../../projector/limits.js';
import { createYieldToEventLoop } from '../../projector/scheduling/yield-to-event-loop.js';
import { SkippedEvents } from '../../projector/skipped-events.js';
import { lookUpServed } from '../../queries/live-generation.js';
import type { GenerationId } from '../../read-models/keys.js';
import type { RunContext } from './dry-run.js';

export interface VerifyProjectionsOptions {
  /** Called with the share of the work that is done, 0 to 1, and the events that were folded. */
  readonly onProgress?: (share: number, events: number) => void;
  readonly onDifference: (difference: Difference) => void;
  readonly maxFoldedBytes?: number;
}

/** A projection, its live generation, and the live keys of each partition. */
interface LiveGeneration {
  readonly projection: Projection;
  readonly id: GenerationId;
  readonly names: readonly Set<string>[];
  readonly positions: readonly number[];
  compared: number;
}

/**
 * Compares the live generations of projections with the log. The log is read once for all of them,
 * one partition after the other, and folded into memory: Redis is only read. Entries that differ
 * are compared again while the live generation is frozen, so that a reported difference is one of
 * content and not of time. Rejects with FoldTooLarge if a partition is too large for that.
 * @returns the number of compared keys and the live generation, in the order of the projections
 */
export async function verifyProjections(
  context: RunContext,
  projections: readonly Projection[],
  { onProgress, onDifference, maxFoldedBytes = limits.maxFoldedBytes }: VerifyProjectionsOptions,
): Promise<{ compared: number; generation: number }[]> {
  const { pool, redis, keys, settings, openEvents: open, log } = context;
  const skipped = new SkippedEvents(createStreamReader(pool, settings));
  await skipped.load();
  const lives = await Promise.all(projections.map((projection) => findLive(context, projection)));
  const checkpointFreeze = createCheckpointFreeze(redis, keys);
  const progress = { folded: 0, compared: 0 };
  const events = lives[0]?.positions.reduce((sum, position) => sum + position, 0) ?? 0;
  const allKeys = lives.reduce((sum, { names }) => sum + names.reduce((all, { size }) => all + size, 0), 0);
  const report = () => {
    const share = progress.folded / Math.max(1, events) + progress.compared / Math.max(1, allKeys);
    onProgress?.(Math.min(1, share / 2), progress.folded);
  };

  async function verifyPartition(partition: number): Promise<void> {
    const folded = new FoldedPartition(
      {
        ...{ keys, open, skipped, log, maxBytes: maxFoldedBytes },
        readEvents: (one, after, max) => readChainedPage(pool, one, after, max),
        yieldToEventLoop: createYieldToEventLoop(),
        onFolded: (count) => {
          progress.folded += count;
          report();
        },
      },
      partition,
      lives,
    );
    const positions = lives.map((live) => live.positions[partition] ?? 0);
    await folded.foldTo(projections, Math.min(...positions));
    for (const [index, live] of lives.entries()) {
      const { projection, id } = live;
      await folded.foldTo([projection], positions[index] ?? 0);
      const prefix = keys.partition(id, partition)('');
      const ofFold = [...folded.store.contents.keys()].filter((name) => name.startsWith(prefix));
      const suspects: Entry[] = [];
      await compareFolded(
        redis,
        new Set([...ofFold, ...(live.names[partition] ?? [])]),
        (name) => folded.store.contents.get(name),
        (name, entry) => suspects.push({ key: name.slice(prefix.length), entry }),
        (count) => {
          live.compared += count;
          progress.compared += count;
          report();
        },
      );
      const advanceTo = (_: number, position: number) => folded.foldTo([projection], position);
      const differences = async (_: number, entries: readonly Entry[]) => {
        const ofLog = entries.map(({ key, entry }) => folded.store.text(prefix + key, entry));
        return textDifferences(projection, partition, entries, await readTexts(context, id, partition, entries), ofLog);
      };
      await compareSuspects({ checkpointFreeze, live: id, advanceTo, onDifference, differences }, partition, suspects);
    }
  }

  const waiting = Array.from({ length: settings.partitions }, (_, partition) => partition);
  const verifyNext = async () => {
    for (let partition = waiting.shift(); partition !== undefined; partition = waiting.shift()) {
      await verifyPartition(partition);
    }
  };
  try {
    await Promise.all(Array.from({ length: limits.foldedPartitionsAtOnce }, verifyNext));
  } finally {
    // After an error, the others end with their partition.
    waiting.length = 0;
  }
  return lives.map(({ compared, id }) => ({ compared, generation: id.generation }));
}

/** Finds the live generation. The number of its keys grows far more slowly than the log. */
async function findLive(
  { redis, keys, settings, models }: RunContext,
  projection: Projection,
): Promise<LiveGeneration> {
  const { name } = projection;
  const { generation } = await lookUpServed(models, projection);
  const id = { name, generation };
  const positions = await positionsOf(redis, keys, id, settings.partitions);
  const names = positions.map(() => new Set<string>());
  for await (const page of scanGeneration(redis, keys, id))
    for (const { partition, key } of page) names[partition]?.add(keys.partition(id, partition)(key));
  return { projection, id, names, positions, compared: 0 };
}
