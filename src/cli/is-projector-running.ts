import type { LogSettings, Pool } from '../event-log/database.js';
import { countOwners } from '../event-log/partition-ownership.js';
import { allProjections } from '../projections/all-projections.js';
import { releaseOf } from '../read-models/keys.js';

/** Whether a process projects this log now, by the locks of its partitions in PostgreSQL. */
export async function isProjectorRunning(log: {
  readonly pool: Pool;
  readonly settings: LogSettings;
}): Promise<boolean> {
  return (await countOwners(log.pool, log.settings, releaseOf(allProjections))) > 0;
}
