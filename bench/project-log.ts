import { pino } from 'pino';
import type { LogSettings, Pool } from '../src/event-log/database.js';
import { allProjections } from '../src/projections/all-projections.js';
import { createKeys } from '../src/read-models/keys.js';
import type { Redis } from '../src/read-models/redis/redis-client.js';
import { openProjector } from '../src/service/open-projector.js';

const silent = pino({ level: 'silent' });

/** Folds the whole log into new read models, as a start on an empty Redis does. */
export async function project(url: string, pool: Pool, settings: LogSettings, redis: Redis): Promise<void> {
  const keys = createKeys(settings.logId);
  const { projector, close } = await openProjector({
    database: url,
    settings,
    pool,
    redis,
    keys,
    log: silent,
    owner: 'bench',
  });
  const wanted = allProjections.length * settings.partitions;
  for (;;) {
    const lags = projector.lags();
    if (lags.length === wanted && lags.every(({ lag }) => lag === 0)) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await close();
}

/** Removes all keys of this log, so that the next round starts empty. */
export async function removeReadModels(redis: Redis, settings: LogSettings): Promise<void> {
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `*orders:${settings.logId.slice(0, 8)}*`, 'COUNT', 5_000);
    cursor = next;
    if (keys.length > 0) await redis.unlink(...keys);
  } while (cursor !== '0');
}
