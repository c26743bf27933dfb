import { parseArgs } from 'node:util';
import { readConfig } from '../../config.js';
import { openServers } from '../../embedded/embedded.js';
import { migrate } from '../../event-log/migrate.js';

/** `orders migrate`: brings the database to this version, and says what it did. */
export async function migrateCommand(args: string[]): Promise<void> {
  parseArgs({ args, options: {} });
  const config = readConfig(process.env);
  const servers = await openServers(config, (text) => console.error(text), 'join');
  try {
    const { applied, version } = await migrate(servers.migrationDatabaseUrl, config.partitions);
    console.log(applied.length === 0 ? `the database is at version ${version}` : `applied ${applied.join(', ')}`);
  } finally {
    await servers.stop();
  }
}
