import pg from 'pg';
import { insufficientPrivilege } from '../connection/session-refused.js';
import { eventLogLimits as limits } from '../limits.js';
import { coordinatorFiles, partitionFunctions, serverFunctions, tablePlacement } from './table-placement.js';
import { withoutViews } from './without-views.js';

/**
 * Distributes the tables of a log over the servers of Citus. Every function here takes a client in
 * the transaction that migrates, and changes only what is not as it has to be.
 *
 * `sql/` does not mention Citus: the tables are created as in any database, and distributed then.
 * Their triggers have to exist by then. Citus copies those of a table to its shards when it
 * distributes the table, and does not copy later ones.
 */

/** Whether the tables of the log are distributed. */
export async function isDistributed(client: pg.ClientBase): Promise<boolean> {
  if (!(await hasCitus(client))) return false;
  const { rows } = await client.query<{ found: boolean }>(
    `select exists (select from pg_dist_partition where logicalrelid = to_regclass('partition_heads')) as found`,
  );
  return rows[0]?.found ?? false;
}

export async function hasCitus(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query(`select from pg_extension where extname = 'citus'`);
  return rows.length > 0;
}

/** Runs a file of sql/ in a database that has Citus, which sends most objects to its servers. */
export async function onCoordinator(client: pg.ClientBase, path: string, run: () => Promise<void>): Promise<void> {
  if (!coordinatorFiles.includes(path)) return run();
  await client.query('set local citus.enable_ddl_propagation = off');
  await run();
  await client.query('set local citus.enable_ddl_propagation = on');
}

/**
 * Prepares the transaction for statements that Citus sends to its servers. Rejects with a sentence
 * if the database is not one whose tables can be distributed.
 */
export async function beginDistributing(client: pg.ClientBase): Promise<void> {
  const { rows: extensions } = await client.query<{ major: number; version: string }>(
    `select split_part(extversion, '.', 1)::integer as major, extversion as version
     from pg_extension where extname = 'citus'`,
  );
  const [extension] = extensions;
  if (!extension) {
    throw new Error(
      "the database has no extension citus: set shared_preload_libraries = 'citus' on the coordinator and on all " +
        'workers, restart them, and run `create extension citus` in this database on each of them as a superuser',
    );
  }
  if (extension.major < oldestMajor) {
    throw new Error(`the extension citus has version ${extension.version}, but version ${oldestMajor} is needed`);
  }
  const { rows } = await client.query<{ coordinator: boolean; listed: boolean; shards: number }>(
    `select (select groupid = 0 from pg_dist_local_group) as coordinator,
            exists (select from pg_dist_node where groupid = 0) as listed,
            (select count(*)::integer from pg_dist_node
             where noderole = 'primary' and isactive and shouldhaveshards) as shards`,
  );
  const [node] = rows;
  if (!node?.coordinator) {
    throw new Error('the database is on a worker of Citus: connect to the coordinator');
  }
  if (!node.listed) {
    throw new Error(
      "the coordinator of Citus has no address: run `select citus_set_coordinator_host('HOST', PORT)` as a " +
        'superuser, with the address at which the workers reach it',
    );
  }
  if (node.shards === 0) {
    throw new Error(
      "no server of Citus may hold events: run `select citus_add_node('HOST', PORT)` as a superuser for each worker",
    );
  }
  // Functions and tables of one transaction have to use one connection to each server.
  await client.query(`set local citus.multi_shard_modify_mode = 'sequential'`);
  // The triggers refuse changes of the log, or check a row against rows of its own partition.
  await client.query('set local citus.enable_unsafe_triggers = on');
}

const oldestMajor = 12;

/**
 * Distributes the tables and the functions that are not distributed.
 * @returns the names of the tables that were distributed.
 */
export async function distributeLog(client: pg.ClientBase, role: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'select c.relname as name from pg_dist_partition p join pg_class c on c.oid = p.logicalrelid ' +
      'where c.relnamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident(pg_catalog.current_schema()))::oid',
  );
  const done = new Set(rows.map(({ name }) => name));
  const [first] = tablePlacement.distributed;
  if (!done.has(first)) await prepareFirstTime(client, role);
  const reference = tablePlacement.reference.filter((table) => !done.has(table));
  const byPartition = tablePlacement.distributed.filter((table) => !done.has(table));
  const missing = [...reference, ...byPartition];
  if (missing.length > 0) {
    await withoutViews(client, async () => {
      for (const table of reference) await client.query('select pg_catalog.create_reference_table($1)', [table]);
      for (const table of byPartition) await distributeTable(client, table, first);
      for (const table of missing) await removeLocalRows(client, table);
    });
  }
  await distributeFunctions(client, first);
  return missing;
}

async function prepareFirstTime(client: pg.ClientBase, role: string): Promise<void> {
  const { rows: sessions } = await client.query<{ name: string }>(
    `select distinct application_name as name from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and application_name in ('orders', 'orders partitions')`,
  );
  if (sessions.length > 0) {
    throw new Error('the service is running: stop all of its processes, and distribute the log then');
  }
  await allowLogin(client, role);
  // A change of its only row, as long as it is an ordinary table.
  await client.query('alter table log_settings disable trigger log_settings_fixed');
  await client.query('update log_settings set append_across_partitions = false');
  await client.query('alter table log_settings enable always trigger log_settings_fixed');
  // Nested, because an insert into a shard reads the events of its partition.
  await client.query('alter function check_merkle_node() set citus.allow_nested_distributed_execution = on');
}

/** The coordinator connects to the workers as the role that a session has taken on. */
async function allowLogin(client: pg.ClientBase, role: string): Promise<void> {
  const { rows } = await client.query<{ rolcanlogin: boolean }>('select rolcanlogin from pg_roles where rolname = $1', [
    role,
  ]);
  if (rows[0]?.rolcanlogin) return;
  const statement = `alter role ${pg.escapeIdentifier(role)} login`;
  try {
    await client.query(statement);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === insufficientPrivilege)) throw error;
    throw new Error(
      `the role ${role} may not log in, but Citus connects to its workers as this role: run \`${statement}\` as a superuser`,
    );
  }
}

async function distributeTable(client: pg.ClientBase, table: string, first: string): Promise<void> {
  if (table !== first) {
    await client.query(`select pg_catalog.create_distributed_table($1, 'partition', colocate_with => $2)`, [
      table,
      first,
    ]);
    return;
  }
  const { rows } = await client.query<{ partitions: number }>('select partitions from log_settings');
  const shards = Math.min(rows[0]?.partitions ?? 1, limits.maxShards);
  await client.query(
    `select pg_catalog.create_distributed_table($1, 'partition', shard_count => $2, colocate_with => 'none')`,
    [table, shards],
  );
}

/**
 * Removes the rows that were copied to the shards. Citus leaves them behind, where no query sees
 * them.
 */
async function removeLocalRows(client: pg.ClientBase, table: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    // 32: a trigger for truncate.
    `select pg_catalog.quote_ident(tgname) as name from pg_trigger
     where tgrelid = pg_catalog.to_regclass($1)::oid and not tgisinternal and tgtype::integer & 32 <> 0 and tgname !~ '^truncate_trigger_'`,
    [table],
  );
  // The triggers of the shards stay enabled, and this transaction holds the table's lock.
  for (const { name } of rows) await client.query(`alter table ${table} disable trigger ${name}`);
  await client.query('select pg_catalog.truncate_local_data_after_distributing_table(pg_catalog.to_regclass($1))', [
    table,
  ]);
  for (const { name } of rows) await client.query(`alter table ${table} enable always trigger ${name}`);
}

async function distributeFunctions(client: pg.ClientBase, colocatedWith: string): Promise<void> {
  const distribute = async (names: readonly string[], options: string, values: readonly string[]) => {
    await client.query(
      `select pg_catalog.create_distributed_function(p.oid::regprocedure${options}) from pg_proc p
       where p.pronamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident(pg_catalog.current_schema()))::oid and p.proname = any ($1)`,
      [names, ...values],
    );
  };
  await distribute(serverFunctions, '', []);
  // Not forced: a call in a transaction of several statements runs on the coordinator.
  await distribute(partitionFunctions, `, 'in_partition', colocate_with => $2, force_delegation => false`, [
    colocatedWith,
  ]);
  await client.query(
    'revoke all on function check_partition_head(partition_heads, text, bigint, interval) from public',
  );
}
