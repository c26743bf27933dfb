import { parseArgs } from 'node:util';
import { readHeads } from '../../event-log/heads/read-heads.js';
import { getProjections } from '../../queries/get-projections.js';
import { withLog } from '../connections.js';

/** `orders status`: how far each projection is behind the log, a mark a partition. */
export async function statusCommand(args: string[]): Promise<void> {
  parseArgs({ args, options: {} });
  await withLog(async ({ pool, models, settings: { logId, partitions } }) => {
    const heads = new Map((await readHeads(pool)).map(({ partition, position }) => [partition, position]));
    const projections = await getProjections(models);
    const events = [...heads.values()].reduce((sum, head) => sum + head, 0);
    const owners = new Set(projections[0]?.partitions.map(({ owner }) => owner ?? 'nobody'));
    console.log(
      `log ${logId}: ${events.toLocaleString('en')} events in ${partitions} partitions, projected by ${[...owners].join(', ')}\n`,
    );
    console.log(
      `${'projection'.padEnd(16)}${'state'.padEnd(9)}${'lag'.padStart(10)}  by partition, 0 to ${partitions - 1}`,
    );
    for (const projection of projections) {
      const lags = projection.partitions.map((one) => Math.max(0, (heads.get(one.partition) ?? 0) - one.checkpoint));
      const total = lags.reduce((sum, lag) => sum + lag, 0);
      const marks = projection.partitions.map((one, nth) => (one.stopped ? 'x' : lagMark(lags[nth] ?? 0)));
      console.log(
        `${projection.name.padEnd(16)}${projection.state.padEnd(9)}${total.toLocaleString('en').padStart(10)}  ${marks.join('')}`,
      );
    }
    console.log('\n· up to date   ▁▂▃▄▅▆▇█ behind by 1, 10, 100, … events   x stopped');
    for (const { name, rebuild } of projections) {
      if (!rebuild) continue;
      const done = Math.floor((100 * rebuild.events_done) / Math.max(1, rebuild.events_total));
      const left = rebuild.seconds_left === null ? '' : `, ${rebuild.seconds_left} s left`;
      console.log(`\n${name} is being rebuilt as generation ${rebuild.generation}: ${done} %${left}`);
      for (const { partition, position, error } of rebuild.stopped ?? []) {
        console.log(`  stopped in partition ${partition} at position ${position}: ${error}`);
        process.exitCode = 1;
      }
    }
    for (const { name, partitions: all } of projections) {
      for (const { partition, stopped } of all) {
        if (!stopped) continue;
        console.log(`\n${name} has stopped in partition ${partition} at position ${stopped.position} (${stopped.at}):`);
        console.log(`  ${stopped.type ?? 'no event'} of order ${stopped.order_id ?? 'unknown'}: ${stopped.error}`);
        process.exitCode = 1;
      }
    }
  });
}

function lagMark(lag: number): string {
  return lag === 0 ? '·' : ('▁▂▃▄▅▆▇█'[Math.min(7, Math.floor(Math.log10(lag)))] ?? '█');
}
