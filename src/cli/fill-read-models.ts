import { setTimeout } from 'node:timers/promises';
import { readHeadPositions } from '../event-log/heads/read-heads.js';
import { allProjections } from '../projections/all-projections.js';
import { createGenerationStore } from '../projector/generations/generation-store.js';
import { projectorLimits } from '../projector/limits.js';
import { getProjections } from '../queries/get-projections.js';
import { openProjector, type RunningProjector } from '../service/open-projector.js';
import type { CommandContext } from './connections.js';
import { isProjectorRunning } from './is-projector-running.js';
import { operator } from './terminal/operator.js';
import { ProgressBar } from './terminal/progress-bar.js';

/** Milliseconds without a projector after which this command projects by itself. */
const noOwnerMs = 3_000;

/**
 * Waits until the read models hold the log up to its present end. The running service fills them,
 * or this process if no projector is running. A projection that stops on an event is not waited
 * for.
 * @param wasServiceRunning whether a projector may be about to start over: its absence is then no
 *   reason to project here at once.
 * @returns a sentence for each projection that stopped.
 */
export async function fillReadModels(context: CommandContext, wasServiceRunning: boolean): Promise<readonly string[]> {
  const { access, pool, models, redis, keys, openEvents, terminal } = context;
  const generations = createGenerationStore(redis, keys, pool);
  for (const projection of allProjections) await generations.open(projection, operator());
  let own: RunningProjector | undefined;
  let ownersSeenMs = wasServiceRunning ? performance.now() : Number.NEGATIVE_INFINITY;
  const bar = new ProgressBar('events', terminal);
  const heads = await readHeadPositions(pool);
  const total = allProjections.length * [...heads.values()].reduce((sum, head) => sum + head, 0);
  try {
    for (;;) {
      let done = 0;
      let isFilled = true;
      const stops: string[] = [];
      for (const { name, partitions } of await getProjections(models)) {
        for (const { partition, checkpoint, stopped } of partitions) {
          const head = heads.get(partition) ?? 0;
          done += Math.min(checkpoint, head);
          isFilled &&= checkpoint >= head || stopped !== undefined;
          if (stopped) stops.push(`${name} stopped in partition ${partition} at position ${stopped.position}`);
        }
      }
      // Processes that run start over in the new epoch, and are no owners for a moment.
      if (await isProjectorRunning(context)) ownersSeenMs = performance.now();
      if (!own && performance.now() - ownersSeenMs > noOwnerMs) {
        terminal.notify('no projector is running: this command fills the read models');
        const owner = `${terminal.command}:${process.pid}`;
        own = await openProjector({ ...context, database: access, owner, open: openEvents });
      }
      bar.update(total === 0 ? 1 : done / total, done);
      if (isFilled) return stops;
      await setTimeout(projectorLimits.coordinateIntervalMs);
    }
  } finally {
    bar.end();
    await own?.close();
  }
}
