import type { LogSettings } from '../../../event-log/database.js';
import { firstEpoch } from '../../../log-epochs.js';
import { projectorLimits } from '../../../projector/limits.js';
import { createKeys } from '../../../read-models/keys.js';
import type { Redis } from '../../../read-models/redis/redis-client.js';
import { pipeline } from '../../../read-models/redis/redis-pipeline.js';
import { scanKeys } from '../../../read-models/redis/scan.js';

/**
 * Removes the read models of all epochs but the current one. Resolves with the number of keys.
 * @param others epochs that Redis knows and the log does not.
 */
export async function removeEpochs(
  redis: Redis,
  { logId, epochs }: LogSettings,
  others: readonly string[],
): Promise<number> {
  const names = [firstEpoch, ...epochs.further.map(({ name }) => name), ...others];
  let removed = 0;
  for (const name of new Set(names)) {
    if (name === epochs.current) continue;
    const { log, epoch: marker } = createKeys(logId, name);
    for (const pattern of [`{orders:${log}:*`, `orders:${log}:*`]) {
      for await (const found of scanKeys(redis, pattern, projectorLimits.removedKeysPerScan)) {
        const removable = found.filter((key) => key !== marker);
        removed += removable.length;
        await pipeline(
          redis,
          removable.map((key) => ['UNLINK', key]),
        );
      }
    }
  }
  return removed;
}
