import { positionsAt } from '../../../event-log/read/positions-at.js';
import type { Projection } from '../../../projections/projection.js';
import { dryRunProjection } from '../../../service/runs/dry-run.js';
import type { CommandContext } from '../../connections.js';
import { ProgressBar } from '../../terminal/progress-bar.js';
import type { ComparisonView } from './compared.js';
import { parseLogPoint } from './replay-until.js';

/**
 * Builds a generation of each projection, compares it with the live one, shows each difference,
 * and discards it.
 * @param untilText a time or an event's position; by default the dry run goes to the end of the
 * log.
 */
export async function dryRun(
  context: CommandContext,
  chosen: readonly Projection[],
  untilText: string | undefined,
  view: ComparisonView,
): Promise<void> {
  const { pool, settings, terminal } = context;
  const until = untilText === undefined ? undefined : await positionsAt(pool, parseLogPoint(untilText, settings));
  for (const projection of chosen) {
    const bar = new ProgressBar('events', terminal);
    const result = await dryRunProjection(context, projection, {
      until,
      onProgress: (done, total) => bar.update(total === 0 ? 1 : done / total, done),
      onDifference: (difference) => {
        bar.end();
        view.add(difference);
      },
    }).finally(() => bar.end());
    view.end(projection.name, result);
  }
}
