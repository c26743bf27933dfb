import pg from 'pg';
import { refuseOverloads } from './connection/owner-session.js';
import { runSqlFile, type Schema, type SqlFile } from './sql-files.js';

/**
 * PostgreSQL's error if `create or replace` would change a function's result type or the names of
 * its parameters.
 */
const invalidFunctionDefinition = '42P13';

/**
 * Applies the functions of sql/functions/ whose text changed. Runs in the caller's transaction,
 * after the numbered files, so that functions and tables always belong together.
 *
 * The table schema_functions holds the SHA-256 of each text that was applied. A file is executed
 * again if its SHA-256 differs. Each file has its own grants, so they are restored with the
 * function.
 *
 * Processes of two releases run side by side during a rolling upgrade, and one of the older release
 * may start at any time. It must not replace newer texts with its own. Each row therefore also
 * holds the release of the functions (`functionsRelease`). A process leaves all functions as they
 * are if the database has a higher release than its own. If the releases are equal, it applies the
 * texts that differ: so a change takes effect at the next start while a release is being developed.
 *
 * Processes of the older release then call the newer functions. A new text must therefore keep the
 * function's argument types and the columns that those processes select. A function with other
 * argument types is a second function of the same name; a numbered file of a later release drops
 * the first one.
 *
 * @returns the paths of the files that were applied.
 */
export async function applyFunctions(
  client: pg.Client,
  { functions, functionsRelease }: Schema,
): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string; sha256: string; release: number }>(
    'select name, sha256, release from schema_functions',
  );
  const releaseInDatabase = Math.max(0, ...rows.map(({ release }) => release));
  if (releaseInDatabase > functionsRelease) return [];
  const known = new Map(rows.map(({ name, sha256 }) => [name, sha256]));
  const changed = functions.filter(({ name, sha256 }) => known.get(name) !== sha256);
  if (changed.length === 0 && releaseInDatabase === functionsRelease) return [];
  await refuseOverloads(client);

  // The first pass does not check bodies: a function may call one that a later file creates. The
  // second pass checks them all, so the files need no order of their own.
  await client.query('set local check_function_bodies = off');
  for (const file of changed) await createFunction(client, file);
  await client.query('set local check_function_bodies = on');
  for (const file of changed) await runSqlFile(client, file);

  for (const { name, sha256 } of functions) {
    await client.query(
      `insert into schema_functions (name, release, sha256) values ($1, $2, $3)
       on conflict (name) do update set release = excluded.release, sha256 = excluded.sha256, applied_at = now()`,
      [name, functionsRelease, sha256],
    );
  }
  return changed.map(({ path }) => path);
}

/**
 * Creates or replaces a function. If PostgreSQL cannot replace it, drops and creates it. The drop
 * fails if the name has a second argument list or if something depends on the function; a numbered
 * file must then do it.
 */
async function createFunction(client: pg.Client, file: SqlFile): Promise<void> {
  await client.query('savepoint create_function');
  try {
    await runSqlFile(client, file);
  } catch (error) {
    if (!(error instanceof Error && isInvalidDefinition(error.cause))) throw error;
    await client.query('rollback to savepoint create_function');
    const drop = `drop function if exists ${pg.escapeIdentifier(file.name)};`;
    await runSqlFile(client, { path: file.path, sql: `${drop}\n${file.sql}` });
  }
}

function isInvalidDefinition(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === invalidFunctionDefinition;
}
