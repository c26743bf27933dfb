import type { LogSettings, Pool } from '../event-log/database.js';
import { countOwners } from '../event-log/partition-ownership.js';
import { allProjections } from '../projections/all-projections.js';
import { releaseOf } from '../read-models/keys.js';

/** Whether a process projects this log now. The locks of its partitions say so, in PostgreSQL. */
export async function isProjectorRunning(log: {
  readonly pool: Pool;
  readonly settings: LogSettings;
}): Promise<boolean> {
  return (await countOwners(log.pool, log.settings, releaseOf(allProjections))) > 0;
}
