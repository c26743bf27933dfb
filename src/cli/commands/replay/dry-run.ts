import { positionsAt } from '../../../event-log/read/positions-at.js';
import type { Projection } from '../../../projections/projection.js';
import { dryRunProjection } from '../../../service/runs/dry-run.js';
import type { CommandContext } from '../../connections.js';
import { ProgressBar } from '../../terminal/progress-bar.js';
import { parseLogPoint } from './replay-until.js';

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
  const { pool, settings, terminal } = context;
  const until = untilText === undefined ? undefined : await positionsAt(pool, parseLogPoint(untilText, settings));
  for (const projection of chosen) {
    const { name } = projection;
    const bar = new ProgressBar('events', terminal);
    let differences = 0;
    const { compared, generation } = await dryRunProjection(context, projection, {
      until,
      onProgress: (done, total) => bar.update(total === 0 ? 1 : done / total, done),
      onDifference: ({ orderId, key, field, live: before, rebuilt }) => {
        bar.end();
        differences += 1;
        const where = [orderId ? `order ${orderId}` : key, field].filter(Boolean).join('  ');
        terminal.print(`${name}  ${where}  live ${before ?? 'nothing'}  rebuilt ${rebuilt ?? 'nothing'}`);
      },
    }).finally(() => bar.end());
    const found = differences === 0 ? 'no difference' : `${differences.toLocaleString('en')} differences`;
    terminal.print(`${name}: compared ${compared.toLocaleString('en')} keys with generation ${generation}, ${found}`);
    if (differences > 0) terminal.exitCode = 3;
  }
}
