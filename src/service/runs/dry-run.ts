import type { Logger } from 'pino';
import type { Projection } from '../../projections/projection.js';
import { compareGenerations } from '../../projector/dry-run/compare-generations.js';
import type { Difference } from '../../projector/dry-run/entry-differences.js';
import { startScratchGeneration } from '../../projector/dry-run/scratch-generation.js';
import { createCheckpointFreeze } from '../../projector/generations/checkpoint-freeze.js';
import { positionsOf } from '../../projector/generations/generation-contents.js';
import { lookUpServed, type ReadModels } from '../../queries/live-generation.js';
import type { Connections } from '../connect.js';

/** The connections that a comparison of read models with the log needs. */
export type RunContext = Pick<Connections, 'pool' | 'redis' | 'keys' | 'settings' | 'models' | 'openEvents'> & {
  readonly log: Logger;
};

export interface DryRunOptions {
  /** The positions to replay to, by partition. By default those of the live generation. */
  readonly until?: ReadonlyMap<number, number> | undefined;
  /** Replays a generation, for a caller that shows the progress. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the run early: it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onDifference: (difference: Difference) => void;
}

/** The extent of the comparison of a live generation. */
export interface ComparedGeneration {
  /** The number of compared keys. */
  readonly compared: number;
  readonly generation: number;
  /** false if more entries differ than are compared again: there may be further differences. */
  readonly isComplete: boolean;
}

/** Rejects if no generation is live: a comparison of nothing would find no difference. */
export async function liveGeneration(models: ReadModels, projection: Projection): Promise<number> {
  const { generation } = await lookUpServed(models, projection);
  if (generation > 0) return generation;
  throw new Error(
    `Redis has no live generation of ${projection.name}, so nothing was compared: a projector builds one, see \`orders status\``,
  );
}

/**
 * Builds a generation of a projection from the log, compares it with the live one, and discards it.
 */
export async function dryRunProjection(
  context: RunContext,
  projection: Projection,
  { until, onProgress, signal, onDifference }: DryRunOptions,
): Promise<ComparedGeneration> {
  const { redis, keys, settings, models, openEvents } = context;
  const { name } = projection;
  const live = { name, generation: await liveGeneration(models, projection) };
  const scratch = await startScratchGeneration({ ...context, open: openEvents }, projection);
  try {
    const positions = until ?? new Map((await positionsOf(redis, keys, live, settings.partitions)).entries());
    await scratch.replayTo(positions, (done, total) => {
      signal?.throwIfAborted();
      onProgress?.(done, total);
    });
    const { compared, isComplete } = await compareGenerations({
      redis,
      keys,
      checkpointFreeze: createCheckpointFreeze(redis, keys),
      projection,
      live,
      rebuilt: scratch.id,
      signal,
      advanceTo: until
        ? undefined
        : (partition, position) => scratch.replayTo(new Map([[partition, position]]), () => signal?.throwIfAborted()),
      onDifference,
    });
    await scratch.checkKept();
    return { compared, generation: live.generation, isComplete };
  } finally {
    await scratch.discard();
  }
}
