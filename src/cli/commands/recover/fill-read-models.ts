import { setTimeout } from 'node:timers/promises';
import { readHeads } from '../../../event-log/heads/read-heads.js';
import { countOwners } from '../../../event-log/partition-ownership.js';
import { allProjections } from '../../../projections/all-projections.js';
import { createGenerationStore } from '../../../projector/generations/generation-store.js';
import { projectorLimits } from '../../../projector/limits.js';
import { getProjections } from '../../../queries/get-projections.js';
import { releaseOf } from '../../../read-models/keys.js';
import { openProjector } from '../../../service/open-projector.js';
import type { CommandContext } from '../../connections.js';
import { printNotice } from '../../terminal/notices.js';
import { operator } from '../../terminal/operator.js';
import { ProgressBar } from '../../terminal/progress-bar.js';

/**
 * Waits until the read models of a new epoch hold the whole log. The running service fills them, or
 * this process if no projector is running.
 */
export async function fillReadModels(context: CommandContext): Promise<void> {
  const { pool, settings, models, redis, keys, servers, openEvents } = context;
  const generations = createGenerationStore(redis, keys);
  for (const projection of allProjections) await generations.open(projection, operator());
  const isServiceRunning = (await countOwners(pool, settings, releaseOf(allProjections))) > 0;
  if (!isServiceRunning) printNotice('no projector is running: this command fills the read models');
  const owner = `orders recover:${process.pid}`;
  const own = isServiceRunning
    ? undefined
    : await openProjector({ ...context, url: servers.databaseUrl, owner, open: openEvents });
  const bar = new ProgressBar('events');
  try {
    for (;;) {
      const heads = new Map((await readHeads(pool)).map(({ partition, position }) => [partition, position]));
      const total = allProjections.length * [...heads.values()].reduce((sum, head) => sum + head, 0);
      let done = 0;
      let isFilled = true;
      for (const { partitions } of await getProjections(models)) {
        for (const { partition, checkpoint, stopped } of partitions) {
          const head = heads.get(partition) ?? 0;
          done += Math.min(checkpoint, head);
          isFilled &&= checkpoint >= head || stopped !== undefined;
        }
      }
      bar.update(total === 0 ? 1 : done / total, done);
      if (isFilled) return;
      await setTimeout(projectorLimits.coordinateIntervalMs);
    }
  } finally {
    bar.end();
    await own?.close();
  }
}
