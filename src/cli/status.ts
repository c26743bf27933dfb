import { parseArgs } from 'node:util';
import { readConfig } from '../config.js';
import { openServers } from '../embedded/embedded.js';
import { createPool, readLogSettings } from '../event-log/database.js';
import { readHeads } from '../event-log/read-partition.js';
import { allProjections } from '../projections/all-projections.js';
import { getProjections } from '../queries/get-projections.js';
import { createReadModels } from '../queries/read-models.js';
import { createKeys } from '../read-models/keys.js';
import { createRedis } from '../read-models/redis.js';

/** `orders status`: how far each projection is behind the log, a mark a partition. */
export async function statusCommand(args: string[]): Promise<void> {
  parseArgs({ args, options: {} });
  const config = readConfig(process.env);
  const servers = await openServers(config, (text) => console.error(`orders: ${text}`), 'join');
  const pool = createPool(servers.databaseUrl, 2, () => undefined);
  const redis = createRedis(servers.redisUrl, () => undefined);
  try {
    const { logId, partitions } = await readLogSettings(pool);
    const heads = new Map((await readHeads(pool)).map(({ partition, position }) => [partition, position]));
    const projections = await getProjections(createReadModels(redis, createKeys(logId), partitions, allProjections));
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
    for (const { name, partitions: all } of projections) {
      for (const { partition, stopped } of all) {
        if (!stopped) continue;
        console.log(`\n${name} has stopped in partition ${partition} at position ${stopped.position} (${stopped.at}):`);
        console.log(`  ${stopped.type ?? 'no event'} of order ${stopped.order_id ?? 'unknown'}: ${stopped.error}`);
        process.exitCode = 1;
      }
    }
  } finally {
    redis.disconnect();
    await pool.end();
    await servers.stop();
  }
}

function lagMark(lag: number): string {
  return lag === 0 ? '·' : ('▁▂▃▄▅▆▇█'[Math.min(7, Math.floor(Math.log10(lag)))] ?? '█');
}
