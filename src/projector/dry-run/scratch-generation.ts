import { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import type { LogSettings, Pool } from '../../event-log/database.js';
import type { OpenEvents } from '../../event-log/open-events.js';
import { readChainedPage } from '../../event-log/read/read-page.js';
import { createStreamReader } from '../../event-log/read/read-stream.js';
import type { Projection } from '../../projections/projection.js';
import { type Checkpoint, retiredCheckpoint } from '../../read-models/checkpoint.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { yieldToEventLoop } from '../../yield-to-event-loop.js';
import { createCheckpointFreeze } from '../generations/checkpoint-freeze.js';
import { checkpointsOf } from '../generations/generation-contents.js';
import { createGenerationStore } from '../generations/generation-store.js';
import { projectorLimits as limits } from '../limits.js';
import { PartitionProjector } from '../partition-projector.js';
import { projectingFailures } from '../partition-projector-deps.js';
import { Semaphore } from '../scheduling/semaphore.js';
import { SkippedEvents } from '../skipped-events.js';
import { createProjectionStore } from '../steps/projection-store.js';

export interface ScratchGenerationDeps {
  readonly pool: Pool;
  readonly redis: Redis;
  readonly keys: ReadModelKeys;
  readonly settings: LogSettings;
  readonly open: OpenEvents;
  readonly log: Logger;
}

/**
 * A generation that is built to be read and never becomes live: for a dry run or a point in time.
 */
export interface ScratchGeneration {
  readonly id: GenerationId;
  /**
   * Replays the log up to these positions, by partition. Rejects if the projection stops on an
   * event, and if the generation was removed because its lease ended: this process was suspended,
   * or Redis was away.
   */
  replayTo(positions: ReadonlyMap<number, number>, onProgress?: (done: number, total: number) => void): Promise<void>;
  /** Rejects if the generation was removed meanwhile: what was read from it may be incomplete. */
  checkKept(): Promise<void>;
  /**
   * Retires the generation. If the process dies before, its lease ends and it is removed all the
   * same.
   */
  discard(): Promise<void>;
}

/** Opens a scratch generation at position 0 and keeps its lease until `discard`. */
export async function startScratchGeneration(
  deps: ScratchGenerationDeps,
  projection: Projection,
): Promise<ScratchGeneration> {
  const { pool, redis, keys, settings, log } = deps;
  const generations = createGenerationStore(redis, keys, pool);
  const skipped = new SkippedEvents(createStreamReader(pool, settings));
  await skipped.load();
  const id = await generations.openScratch(projection);
  const leaseTimer = setInterval(
    () => void generations.renewLease(id).catch((error: unknown) => log.warn({ err: error }, 'Redis did not respond')),
    limits.scratchLeaseMs / 4,
  );
  const endPositions = new Map<number, number>();
  const moves = new EventEmitter<{ moved: [partition: number] }>();
  moves.setMaxListeners(0);
  const on = (event: 'moved', listener: (partition: number) => void) => moves.on(event, listener);
  const off = (event: 'moved', listener: (partition: number) => void) => moves.off(event, listener);
  // For the replay, the positions to reach are the heads of the log.
  const logHeads = { heads: endPositions, readHeads: async () => true, on, off };
  // The partitions that were filled. If one of them is at position 0, the generation was removed,
  // even if the mark that says so is gone too. It is not filled again.
  const filled = new Set<number>();
  const semaphore = new Semaphore(limits.maxScratchStepsInFlight);
  const projectors = Array.from({ length: settings.partitions }, (_, partition) => {
    endPositions.set(partition, 0);
    return new PartitionProjector(
      {
        readEvents: (partition: number, after: number, max: number) => readChainedPage(pool, partition, after, max),
        keys,
        store: createProjectionStore(redis, keys),
        checkpointFreeze: createCheckpointFreeze(redis, keys),
        // A scratch generation is never live, so it has no marks.
        fillingStore: { setFilling: async () => undefined, setFilled: async () => undefined },
        generationExists: async () => !filled.has(partition),
        logHeads,
        open: deps.open,
        skipped,
        semaphore,
        semaphoreFromLag: 1,
        yieldToEventLoop,
        endPositions,
        failures: projectingFailures(log),
        log,
      },
      partition,
      [{ projection, id }],
    );
  });
  for (const projector of projectors) projector.start();

  async function readCheckpoints(): Promise<Checkpoint[]> {
    const checkpoints = await checkpointsOf(redis, keys, id, settings.partitions);
    for (const [partition, { position, frozenBy }] of checkpoints.entries()) {
      if (frozenBy === retiredCheckpoint || (position === 0 && filled.has(partition)))
        throw new Error(`Redis has no read model of the replay of ${id.name} any more: its lease ended, try again`);
      if (position > 0) filled.add(partition);
    }
    return checkpoints;
  }

  return {
    id,
    async replayTo(positions, onProgress) {
      for (const [partition, position] of positions) {
        endPositions.set(partition, position);
        moves.emit('moved', partition);
      }
      const total = [...positions.values()].reduce((sum, position) => sum + position, 0);
      for (;;) {
        const checkpoints = await readCheckpoints();
        const reached = (partition: number) => checkpoints[partition]?.position ?? 0;
        const done = [...positions].reduce((sum, [partition]) => sum + reached(partition), 0);
        onProgress?.(done, total);
        if ([...positions].every(([partition, position]) => reached(partition) >= position)) return;
        for (const [partition, projector] of projectors.entries()) {
          const stopped = projector.stopped.get(id.name);
          if (stopped)
            throw new Error(
              `${id.name} stops in partition ${partition} at ${stopped.position}, ${stopped.type} of order ${stopped.orderId}: ${stopped.error}`,
            );
        }
        await new Promise((resolve) => setTimeout(resolve, limits.scratchCheckIntervalMs));
      }
    },
    async checkKept() {
      await readCheckpoints();
    },
    async discard() {
      clearInterval(leaseTimer);
      await Promise.all(projectors.map((projector) => projector.stop()));
      await generations.retire(id);
    },
  };
}
