import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import pg from 'pg';
import { projectPath } from '../project-path.js';

/**
 * The release of the texts in sql/functions/: a number that only rises. Raise it with the first
 * change of a function after a deployment. It tells a process whether the functions in the database
 * are newer than its own (see apply-functions.ts).
 */
export const functionsRelease = 4;

/** A file of sql/, with its text. */
export interface SqlFile {
  /** The path below sql/. */
  readonly path: string;
  /** The file's name without .sql: in sql/functions/, the name of the function. */
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

/** Everything that a release of the service applies to its database. */
export interface Schema {
  /** The numbered files, in order. Each is applied once and never changes afterwards. */
  readonly migrations: readonly SqlFile[];
  /** One file per function. A file is applied again when its text changes. */
  readonly functions: readonly SqlFile[];
  readonly functionsRelease: number;
}

/** Reads the schema that belongs to this code. */
export async function readSchema(): Promise<Schema> {
  const paths = (await readdir(projectPath('sql'), { recursive: true })).sort();
  const read = async (path: string) => sqlFile(path, await readFile(projectPath('sql', path), 'utf8'));
  const [migrations, functions] = await Promise.all([
    Promise.all(paths.filter((path) => /^\d{3}_[^/]*\.sql$/.test(path)).map(read)),
    Promise.all(paths.filter((path) => /^functions\/[^/]*\.sql$/.test(path)).map(read)),
  ]);
  return { migrations, functions, functionsRelease };
}

export function sqlFile(path: string, sql: string): SqlFile {
  return { path, name: basename(path, '.sql'), sql, sha256: createHash('sha256').update(sql).digest('hex') };
}

/** Executes a file. An error names the file and carries PostgreSQL's detail and hint. */
export async function runSqlFile(client: pg.Client, { path, sql }: Pick<SqlFile, 'path' | 'sql'>): Promise<void> {
  try {
    await client.query(sql);
  } catch (error) {
    throw new Error(`migration ${path} failed: ${describe(error)}`, { cause: error });
  }
}

function describe(error: unknown): string {
  if (!(error instanceof pg.DatabaseError)) return error instanceof Error ? error.message : String(error);
  const { message, detail, hint } = error;
  return [message, ...(detail ? [`DETAIL: ${detail}`] : []), ...(hint ? [`HINT: ${hint}`] : [])].join('\n');
}
