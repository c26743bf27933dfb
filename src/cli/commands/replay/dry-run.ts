import { positionsAt } from '../../../event-log/read/positions-at.js';
import type { Projection } from '../../../projections/projection.js';
import type { Difference } from '../../../projector/dry-run/entry-differences.js';
import { dryRunProjection } from '../../../service/runs/dry-run.js';
import type { CommandContext } from '../../connections.js';
import { ProgressBar } from '../../terminal/progress-bar.js';
import type { Terminal } from '../../terminal/terminal.js';
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
      onDifference: (difference) => {
        bar.end();
        differences += 1;
        printDifference(terminal, difference);
      },
    }).finally(() => bar.end());
    printCompared(terminal, { name, compared, generation, differences });
  }
}

export function printDifference(
  terminal: Pick<Terminal, 'print'>,
  { projection, orderId, key, field, live, rebuilt }: Difference,
): void {
  const where = [orderId ? `order ${orderId}` : key, field].filter(Boolean).join('  ');
  terminal.print(`${projection}  ${where}  live ${live ?? 'nothing'}  rebuilt ${rebuilt ?? 'nothing'}`);
}

/** The result of comparing a projection. Differences lead to exit code 3. */
export function printCompared(
  terminal: Terminal,
  result: {
    readonly name: string;
    readonly compared: number;
    readonly generation: number;
    readonly differences: number;
  },
): void {
  const { name, compared, generation, differences } = result;
  const found = differences === 0 ? 'no difference' : `${differences.toLocaleString('en')} differences`;
  terminal.print(`${name}: compared ${compared.toLocaleString('en')} keys with generation ${generation}, ${found}`);
  if (differences > 0) terminal.exitCode = 3;
}
