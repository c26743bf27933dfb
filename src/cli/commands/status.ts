import { readHeadPositions } from '../../event-log/heads/read-heads.js';
import { firstEpoch } from '../../log-epochs.js';
import { getProjections, type ProjectionState } from '../../queries/get-projections.js';
import { withConnections } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { alignColumns } from '../terminal/tables.js';
import type { Terminal } from '../terminal/terminal.js';

const usage = `orders status

  Shows how many events each projection is behind the log: in total, and as one mark per partition.
  Also shows rebuilds under way, and the events on which projections have stopped, and
  the orders that are damaged because an operator has skipped one of their events.

  Exit code 1: a projection or a rebuild has stopped.`;

/** `orders status`: shows the lag of each projection, with one mark per partition. */
export async function statusCommand(args: string[], terminal: Terminal): Promise<void> {
  if (readArguments(args, usage, {}, 0).values.help) return terminal.print(usage);
  await withConnections({ terminal }, async ({ pool, models, settings: { logId, partitions, epochs } }) => {
    const heads = await readHeadPositions(pool);
    const projections = await getProjections(models);
    const events = [...heads.values()].reduce((sum, head) => sum + head, 0);
    const owners = new Set(projections[0]?.partitions.map(({ owner }) => owner ?? 'no projector'));
    terminal.print(
      `log ${logId}${epochs.current === firstEpoch ? '' : `, epoch ${epochs.current}`}: ${events.toLocaleString('en')} events in ${partitions} partitions, projected by ${[...owners].join(', ')}\n`,
    );
    for (const line of lagTable(projections, heads, partitions)) terminal.print(line);
    terminal.print('\n· up to date   ▁▂▃▄▅▆▇█ behind by 1, 10, 100, … events   x stopped');
    printRebuilds(terminal, projections);
    printStopped(terminal, projections);
    printSkipped(terminal, projections);
  });
}

function lagTable(
  projections: readonly ProjectionState[],
  heads: ReadonlyMap<number, number>,
  partitions: number,
): string[] {
  const rows = projections.map((projection) => {
    const lags = projection.partitions.map((one) => Math.max(0, (heads.get(one.partition) ?? 0) - one.checkpoint));
    const total = lags.reduce((sum, lag) => sum + lag, 0);
    const marks = projection.partitions.map((one, nth) => (one.stopped ? 'x' : lagMark(lags[nth] ?? 0)));
    return [projection.name, projection.state, total.toLocaleString('en'), marks.join('')];
  });
  return alignColumns([['projection', 'state', 'lag', `partitions 0 to ${partitions - 1}`], ...rows], { right: [2] });
}

function lagMark(lag: number): string {
  return lag === 0 ? '·' : ('▁▂▃▄▅▆▇█'[Math.min(7, Math.floor(Math.log10(lag)))] ?? '█');
}

function printRebuilds(terminal: Terminal, projections: readonly ProjectionState[]): void {
  for (const { name, rebuild } of projections) {
    if (!rebuild) continue;
    const done = Math.floor((100 * rebuild.events_done) / Math.max(1, rebuild.events_total));
    const left = rebuild.seconds_left === null ? '' : `, ${rebuild.seconds_left} s left`;
    terminal.print(`\n${name} is being rebuilt as generation ${rebuild.generation}: ${done} %${left}`);
    for (const { partition, position, error } of rebuild.stopped ?? []) {
      terminal.print(`  stopped in partition ${partition} at position ${position}: ${error}`);
      terminal.exitCode = 1;
    }
  }
}

function printSkipped(terminal: Terminal, projections: readonly ProjectionState[]): void {
  for (const { name, skipped } of projections) {
    for (const { partition, position, order_id, type } of skipped) {
      terminal.print(
        `\n${name} skips ${type ?? 'an event'} at ${partition}:${position} and all that follows in its order:`,
      );
      terminal.print(`  order ${order_id ?? 'unknown'} is damaged in this read model`);
    }
  }
}

function printStopped(terminal: Terminal, projections: readonly ProjectionState[]): void {
  for (const { name, partitions } of projections) {
    for (const { partition, stopped } of partitions) {
      if (!stopped) continue;
      terminal.print(
        `\n${name} has stopped in partition ${partition} at position ${stopped.position} (${stopped.at}):`,
      );
      terminal.print(
        `  ${stopped.type ?? 'unknown event'} of order ${stopped.order_id ?? 'unknown'}: ${stopped.error}`,
      );
      terminal.exitCode = 1;
    }
  }
}
