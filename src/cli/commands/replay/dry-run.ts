import { positionsAt } from '../../../event-log/read/positions-at.js';
import type { Projection } from '../../../projections/projection.js';
import { compareGenerations } from '../../../projector/dry-run/compare-generations.js';
import { startScratchGeneration } from '../../../projector/dry-run/scratch-generation.js';
import { createCheckpointFreeze } from '../../../projector/generations/checkpoint-freeze.js';
import { positionsOf } from '../../../projector/generations/generation-contents.js';
import { lookUpServed } from '../../../queries/live-generation.js';
import type { CommandContext } from '../../connections.js';
import { parseLogPoint, replayWithBar } from './replay-until.js';

/**
 * Builds a generation of each projection, compares it with the live one, prints each difference,
 * and discards it.
 * @param untilText a time or an event's position; by default the dry run goes to the end of the
 * log.
 */
export async function dryRun(
  context: CommandContext,
  chosen: readonly Projection[],
  untilText: string | undefined,
): Promise<void> {
  const { pool, redis, keys, settings, models, openEvents, terminal } = context;
  const until = untilText === undefined ? undefined : await positionsAt(pool, parseLogPoint(untilText, settings));
  for (const projection of chosen) {
    const { name } = projection;
    const { generation } = await lookUpServed(models, projection);
    const live = { name, generation };
    const scratch = await startScratchGeneration({ ...context, open: openEvents }, projection);
    try {
      const positions = until ?? new Map((await positionsOf(redis, keys, live, settings.partitions)).entries());
      await replayWithBar(scratch, positions, terminal);
      let differences = 0;
      const compared = await compareGenerations({
        redis,
        keys,
        checkpointFreeze: createCheckpointFreeze(redis, keys),
        projection,
        live,
        rebuilt: scratch.id,
        advanceTo: until ? undefined : (partition, position) => scratch.replayTo(new Map([[partition, position]])),
        onDifference: ({ orderId, key, field, live: before, rebuilt }) => {
          differences += 1;
          const where = [orderId ? `order ${orderId}` : key, field].filter(Boolean).join('  ');
          terminal.print(`${name}  ${where}  live ${before ?? 'nothing'}  rebuilt ${rebuilt ?? 'nothing'}`);
        },
      });
      const found = differences === 0 ? 'no difference' : `${differences.toLocaleString('en')} differences`;
      terminal.print(`${name}: compared ${compared.toLocaleString('en')} keys with generation ${generation}, ${found}`);
      if (differences > 0) terminal.exitCode = 3;
    } finally {
      await scratch.discard();
    }
  }
}
