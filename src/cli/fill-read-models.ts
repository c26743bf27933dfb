import { setTimeout } from 'node:timers/promises';
import { readHeadPositions } from '../event-log/heads/read-heads.js';
import { allProjections } from '../projections/all-projections.js';
import { createGenerationStore } from '../projector/generations/generation-store.js';
import { projectorLimits } from '../projector/limits.js';
import { getProjections } from '../queries/get-projections.js';
import type { ProjectionState } from '../queries/projections-document.js';
import { openProjector, type RunningProjector } from '../service/open-projector.js';
import type { CommandContext } from './connections.js';
import { isProjectorRunning } from './is-projector-running.js';
import { operator } from './terminal/operator.js';
import { ProgressBar } from './terminal/progress-bar.js';

/** Milliseconds without a projector after which this command projects by itself. */
const noOwnerMs = 3_000;
/** Milliseconds in which a read model has to make progress, and Redis has to respond. */
const defaultPatienceMs = 60_000;

export interface FillOptions {
  /**
   * Whether the service was running. Its projectors may be starting over, so this process does not
   * project at once.
   */
  readonly wasServiceRunning: boolean;
  readonly patienceMs?: number;
}

/**
 * Waits until the read models hold the log up to its present end. The running service fills them,
 * or this process if no projector is running. A projection that stops on an event is not waited
 * for. If no read model makes progress for `patienceMs`, the wait ends.
 * @returns a sentence for each projection that stopped, or that makes no progress.
 */
export async function fillReadModels(
  context: CommandContext,
  { wasServiceRunning, patienceMs = defaultPatienceMs }: FillOptions,
): Promise<readonly string[]> {
  const { access, pool, models, redis, keys, openEvents, terminal } = context;
  const generations = createGenerationStore(redis, keys, pool);
  for (const projection of allProjections) await generations.open(projection, operator());
  let own: RunningProjector | undefined;
  let ownersSeenMs = wasServiceRunning ? performance.now() : Number.NEGATIVE_INFINITY;
  const bar = new ProgressBar('events', terminal);
  const heads = await readHeadPositions(pool);
  const total = allProjections.length * [...heads.values()].reduce((sum, head) => sum + head, 0);
  let done: number | undefined;
  let movedMs = performance.now();
  const isPatient = () => performance.now() - movedMs < patienceMs;
  try {
    for (;;) {
      // Redis may be restarting.
      const projections = await getProjections(models).catch((error: unknown) => {
        if (!isPatient()) throw error;
        return undefined;
      });
      const progress = projections && progressOf(projections, heads);
      if (progress && progress.done !== done) {
        done = progress.done;
        movedMs = performance.now();
      }
      // Running processes start over in the new epoch, and own no partitions for a moment.
      if (await isProjectorRunning(context)) ownersSeenMs = performance.now();
      if (!own && performance.now() - ownersSeenMs > noOwnerMs) {
        terminal.notify('no projector is running: this command fills the read models');
        const owner = `${terminal.command}:${process.pid}`;
        own = await openProjector({ ...context, database: access, owner, open: openEvents });
      }
      bar.update(total === 0 ? 1 : (done ?? 0) / total, done ?? 0);
      if (progress?.behind.length === 0) return progress.stops;
      if (progress && !isPatient()) {
        const behind = progress.behind.map((one) => `${one} and has not moved for ${patienceMs / 1000} s`);
        return [...progress.stops, ...behind];
      }
      await setTimeout(projectorLimits.coordinateIntervalMs);
    }
  } finally {
    bar.end();
    await own?.close();
  }
}

interface Progress {
  /** Events that the read models hold, over all projections. */
  readonly done: number;
  /** A clause for each projection that stopped on an event. */
  readonly stops: readonly string[];
  /** A clause for each projection that lacks events, besides those that it stopped at. */
  readonly behind: readonly string[];
}

function progressOf(projections: readonly ProjectionState[], heads: ReadonlyMap<number, number>): Progress {
  let done = 0;
  const stops: string[] = [];
  const behind: string[] = [];
  for (const { name, partitions } of projections) {
    let missing = 0;
    for (const { partition, checkpoint, stopped } of partitions) {
      const head = heads.get(partition) ?? 0;
      done += Math.min(checkpoint, head);
      if (stopped) stops.push(`${name} stopped in partition ${partition} at position ${stopped.position}`);
      else missing += Math.max(0, head - checkpoint);
    }
    if (missing > 0)
      behind.push(`${name} is ${missing.toLocaleString('en')} ${missing === 1 ? 'event' : 'events'} behind`);
  }
  return { done, stops, behind };
}
