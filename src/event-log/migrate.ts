import type pg from 'pg';
import { applyFunctions } from './apply-functions.js';
import { beginDistributing, distributeLog, hasCitus, isDistributed, onCoordinator } from './citus/distribute-log.js';
import { defaultServiceRole } from './connection/database-access.js';
import { openOwnerSession, refuseOverloads } from './connection/owner-session.js';
import { ensureLogin, type ServiceLogin } from './connection/service-login.js';
import { storeRoleSettings } from './connection/session-settings.js';
import { grantToRole, schemaForRole } from './service-role.js';
import { readSchema, runSqlFile, type Schema } from './sql-files.js';

/**
 * Serialises migrations of one database over all processes: an advisory lock, freed by the server
 * if its holder dies.
 */
const migrationLock = 0x0adef5;

const developmentDatabase = `this database was made by a development version of the service that was never released, \
and cannot be upgraded. Nothing in it was changed. Start with an empty database:
- With the embedded PostgreSQL, stop the service and remove the data folder (.data, or the folder that ORDERS_DATA_DIR \
names), or set ORDERS_DATA_DIR to a new folder.
- With a PostgreSQL of your own, create an empty database and set DATABASE_URL to it, and MIGRATION_DATABASE_URL too if \
you use it.
The old events cannot be imported. To keep them as a file, first run \`orders export\` of the version that made the \
database.`;

export interface MigrateOptions {
  /** By default the schema that belongs to this code. */
  readonly schema?: Schema;
  /** The role of the running service. */
  readonly role?: string;
  /** The login of the running service. It is created if it does not exist. */
  readonly login?: ServiceLogin | undefined;
  /**
   * Whether to distribute the tables over the servers of Citus. Tables of a log that is distributed
   * are distributed in any case.
   */
  readonly citus?: boolean;
}

export interface MigrationResult {
  /** The files that were applied, as paths below sql/. */
  readonly applied: readonly string[];
  /** The number of the newest numbered file. */
  readonly version: number;
  /** The tables that were distributed over servers. */
  readonly distributed: readonly string[];
  /** Sentences for the operator about what to change in the database. */
  readonly warnings: readonly string[];
}

/**
 * Brings the database to the schema of this code: executes each numbered file of sql/ that it has
 * not seen, in order, and then each file of sql/functions/ whose text changed. All of it is one
 * transaction, so that no process ever calls an old function on new tables. Processes that start at
 * the same time wait for the first; the others then find nothing to do.
 *
 * Throws if a newer version of the service has migrated the database, if its encoding is not UTF-8,
 * if a numbered file was changed after it was applied, and if a development version that was never
 * released made the database.
 * @param partitions the number of partitions of a new log; an existing log keeps its own.
 */
export async function migrate(
  url: string,
  partitions: number,
  { schema, role = defaultServiceRole, login, citus = false }: MigrateOptions = {},
): Promise<MigrationResult> {
  const written = schema ?? (await readSchema());
  const target = schemaForRole(written, role);
  const { client, searchPath } = await openOwnerSession(url);
  try {
    await client.query('select pg_catalog.pg_advisory_lock($1)', [migrationLock]);
    await client.query('begin');
    const isOnServers = citus || (await isDistributed(client));
    if (isOnServers) await beginDistributing(client);
    const applied = [...(await applyMigrations(client, target, partitions)), ...(await applyFunctions(client, target))];
    await grantToRole(client, written, role);
    if (login) await ensureLogin(client, login, role);
    await storeRoleSettings(client, { role, searchPath });
    const distributed = isOnServers ? await distributeLog(client, role) : [];
    const warnings = await schemaWarnings(client);
    await client.query('commit');
    return { applied, distributed, version: target.migrations.length, warnings };
  } finally {
    // Ending the session frees the lock, and rolls back unless the commit was reached.
    await client.end();
  }
}

/**
 * Rejects with a sentence if the database is not at the version of this code. Changes nothing: only
 * the service and `orders migrate` migrate. Other commands may be of another release than the
 * service, and must not change its database.
 */
export async function requireMigrated(url: string): Promise<void> {
  const { migrations } = await readSchema();
  const { client } = await openOwnerSession(url);
  try {
    const { newest: version } = await readApplied(client, migrations.length);
    if (version === migrations.length) return;
    const state =
      version === 0 ? 'has no event log' : `is at version ${version}, but this command needs ${migrations.length}`;
    throw new Error(`the database ${state}: start the service of this release, or run \`orders migrate\``);
  } finally {
    await client.end();
  }
}

function newerDatabase(version: number, known: number): Error {
  return new Error(
    `the database is at version ${version}, this service knows up to ${known}: run the newer version of the service`,
  );
}

async function applyMigrations(client: pg.Client, { migrations }: Schema, partitions: number): Promise<string[]> {
  const { known, hasTables } = await readApplied(client, migrations.length);
  if (!hasTables) await createTables(client);
  const applied: string[] = [];
  const isCitus = await hasCitus(client);
  if (known.size < migrations.length) await refuseOverloads(client);
  for (const [index, file] of migrations.entries()) {
    const version = index + 1;
    const { path, sha256 } = file;
    const before = known.get(version);
    if (before === sha256) continue;
    if (before !== undefined) {
      throw new Error(`${path} was changed after it was applied: put it back, and change the database by a new file`);
    }
    const run = () => runSqlFile(client, file);
    await (isCitus ? onCoordinator(client, path, run) : run());
    if (version === 1) {
      await client.query('insert into log_settings (partitions) values ($1)', [partitions]);
      await client.query('insert into partition_heads (partition) select pg_catalog.generate_series(0, $1 - 1)', [
        partitions,
      ]);
    }
    await client.query('insert into schema_migrations (version, name, sha256) values ($1, $2, $3)', [
      version,
      path,
      sha256,
    ]);
    applied.push(path);
  }
  return applied;
}

interface Applied {
  /** The SHA-256 of each numbered file that was applied to the database, by version. */
  readonly known: ReadonlyMap<number, string>;
  /** The newest version of them; 0 if there is none. */
  readonly newest: number;
  /** Whether the tables exist that hold them. */
  readonly hasTables: boolean;
}

/**
 * Reads what was applied to the database. Throws if this code cannot work with it: it has another
 * encoding, a development version made it, or a newer version has migrated it.
 * @param latest the newest version that this code knows.
 */
async function readApplied(client: pg.Client, latest: number): Promise<Applied> {
  const { rows } = await client.query<{ encoding: string; migrations: boolean; log: boolean; functions: boolean }>(
    `select pg_catalog.current_setting('server_encoding') as encoding,
            pg_catalog.to_regclass('schema_migrations') is not null as migrations,
            pg_catalog.to_regclass('log_settings') is not null as log,
            pg_catalog.to_regclass('schema_functions') is not null as functions`,
  );
  const row = rows[0];
  if (row?.encoding !== 'UTF8') throw new Error(`the database's encoding is ${row?.encoding}; it has to be UTF8`);
  // Development versions had their functions in numbered files, and no schema_functions.
  if (row.log && !row.functions) throw new Error(developmentDatabase);
  const applied = row.migrations
    ? await client.query<{ version: number; sha256: string }>('select version, sha256 from schema_migrations')
    : { rows: [] };
  const known = new Map(applied.rows.map(({ version, sha256 }) => [version, sha256]));
  const newest = Math.max(0, ...known.keys());
  if (newest > latest) throw newerDatabase(newest, latest);
  return { known, newest, hasTables: row.functions };
}

/** Creates the tables that hold what was applied. */
async function createTables(client: pg.Client): Promise<void> {
  await client.query(`
    create table if not exists schema_migrations (
      version integer primary key, name text not null, sha256 text not null,
      applied_at timestamptz not null default now());
    create table schema_functions (
      name text primary key, release integer not null, sha256 text not null,
      applied_at timestamptz not null default now())`);
}

/** Objects of others in the schema of the log could take the place of its own in some calls. */
async function schemaWarnings(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ schema: string }>(
    `select pg_catalog.quote_ident(n.nspname) as schema
     from pg_namespace n
     cross join pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) as granted
     where n.nspname = pg_catalog.current_schema() and granted.grantee = 0::oid and granted.privilege_type = 'CREATE'`,
  );
  return rows.map(
    ({ schema }) =>
      `every role may create objects in the schema ${schema}, beside the tables of the log: ` +
      `run "revoke create on schema ${schema} from public" as its owner`,
  );
}
