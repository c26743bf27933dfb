import { loginOf } from '../../event-log/connection/service-login.js';
import { migrate } from '../../event-log/migrate.js';
import { type ServerContext, withServers } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import type { Terminal } from '../terminal/terminal.js';

const usage = `orders migrate [--citus] [--json]

  Brings the database schema up to the version of this service. The service does this at start, too.
  If the user of DATABASE_URL may not create tables, set MIGRATION_DATABASE_URL. The user of
  DATABASE_URL is then created with its password, if it does not exist.

  --citus  also distributes the tables of the log over the servers of a Citus cluster, by partition.
           The database may be new, or hold a log already; stop the service first. It may be
           repeated. See docs/scaling.md.
  --json   print one JSON document: {"version", "applied", "distributed"}

  Example: orders migrate
           orders migrate --json | jq .version`;

/** `orders migrate`: brings the database schema up to date, and prints what was applied. */
export async function migrateCommand(args: string[], terminal: Terminal): Promise<void> {
  const { values } = readArguments(args, usage, { citus: { type: 'boolean' }, json: { type: 'boolean' } }, 0);
  if (values.help) return terminal.print(usage);
  const task = async ({ config, servers }: ServerContext) => {
    const { applied, version, distributed } = await migrate(servers.migrationDatabaseUrl, config.partitions, {
      role: config.databaseRole,
      login: config.migrationDatabaseUrl === undefined ? undefined : loginOf(servers.databaseUrl),
      citus: values.citus ?? false,
    });
    if (values.json) return terminal.print(JSON.stringify({ version, applied, distributed }));
    terminal.print(applied.length === 0 ? `the database is at version ${version}` : `applied ${applied.join(', ')}`);
    if (distributed.length > 0) terminal.print(`distributed ${distributed.join(', ')}`);
    else if (values.citus) terminal.print('all tables are distributed already');
  };
  await withServers({ terminal, redis: false }, task);
}
