import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';
import { projectPath } from '../project-path.js';
import { eventLogLimits as limits } from './limits.js';

/** Serialises migrations of one database over all processes: an advisory lock, freed by the server if its holder dies. */
const migrationLock = 0x0adef5;

export interface MigrationResult {
  readonly applied: readonly string[];
  readonly version: number;
}

/**
 * Brings the database to this code's version: runs each file of sql/ that it has not seen, in order, each in a
 * transaction of its own. Processes that start at once wait for the first; the others then find nothing to do.
 * Throws on a database that a newer version has migrated, on an encoding other than UTF-8, and where the files
 * already applied have since been changed.
 * @param partitions how many partitions a new log gets; an existing log keeps its own.
 */
export async function migrate(url: string, partitions: number): Promise<MigrationResult> {
  const files = (await readdir(projectPath('sql'))).filter((name) => /^\d{3}_.*\.sql$/.test(name)).sort();
  const client = new pg.Client({
    connectionString: url,
    application_name: 'orders migrate',
    connectionTimeoutMillis: limits.connectTimeoutMs,
    options: `-c lock_timeout=${limits.migrationLockTimeoutMs} -c client_min_messages=warning`,
  });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    const known = await appliedMigrations(client);
    const newest = Math.max(0, ...known.keys());
    if (newest > files.length) {
      throw new Error(
        `the database is at version ${newest}, this service knows up to ${files.length}: run the newer version of the service`,
      );
    }
    const applied: string[] = [];
    for (const [index, file] of files.entries()) {
      const sql = await readFile(projectPath('sql', file), 'utf8');
      const sha256 = createHash('sha256').update(sql).digest('hex');
      const before = known.get(index + 1);
      if (before === sha256) continue;
      if (before !== undefined) {
        throw new Error(`${file} was changed after it was applied: put it back, and change the database by a new file`);
      }
      await runMigration(client, { version: index + 1, file, sql, sha256 }, partitions);
      applied.push(file);
    }
    return { applied, version: files.length };
  } finally {
    await client.end();
  }
}

/** The SHA-256 of the file of each version that the database has, by version. */
async function appliedMigrations(client: pg.Client): Promise<Map<number, string>> {
  const { rows } = await client.query<{ encoding: string; schema: string | null; exists: boolean }>(
    `select current_setting('server_encoding') as encoding, current_schema() as schema,
            to_regclass('schema_migrations') is not null as exists`,
  );
  const row = rows[0];
  if (row?.encoding !== 'UTF8') throw new Error(`the database's encoding is ${row?.encoding}; it has to be UTF8`);
  if (!row.schema) throw new Error('the search_path names no schema that exists: create one, or set it for the role');
  if (!row.exists) {
    await client.query(`create table schema_migrations (
      version integer primary key, name text not null, sha256 text not null, applied_at timestamptz not null default now())`);
  }
  const applied = await client.query<{ version: number; sha256: string }>(
    'select version, sha256 from schema_migrations',
  );
  return new Map(applied.rows.map(({ version, sha256 }) => [version, sha256]));
}

interface Migration {
  readonly version: number;
  readonly file: string;
  readonly sql: string;
  readonly sha256: string;
}

async function runMigration(client: pg.Client, { version, file, sql, sha256 }: Migration, partitions: number) {
  try {
    await client.query('begin');
    // pg_temp last: a function that runs with its owner's rights must not find a caller's temporary table first.
    await client.query(`select set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true)`);
    await client.query(sql);
    if (version === 1) {
      await client.query('insert into log_settings (partitions) values ($1)', [partitions]);
      await client.query('insert into logs (partition) select generate_series(0, $1 - 1)', [partitions]);
    }
    await client.query('insert into schema_migrations (version, name, sha256) values ($1, $2, $3)', [
      version,
      file,
      sha256,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw new Error(`migration ${file} failed: ${describe(error)}`, { cause: error });
  }
}

/** An error in words, with PostgreSQL's detail and hint. */
function describe(error: unknown): string {
  if (!(error instanceof pg.DatabaseError)) return error instanceof Error ? error.message : String(error);
  const { message, detail, hint } = error;
  return [message, ...(detail ? [`DETAIL: ${detail}`] : []), ...(hint ? [`HINT: ${hint}`] : [])].join('\n');
}
