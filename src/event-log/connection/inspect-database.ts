import pg from 'pg';
import { TimeoutError, withTimeout } from '../../with-timeout.js';
import { eventLogLimits as limits } from '../limits.js';
import { connectionTo, type DatabaseAccess, describeAddress } from './database-access.js';
import { couldNotConnect, ServerSilent, tlsFailed } from './database-unavailable.js';
import { connectToPrimary } from './find-primary.js';
import { findSearchPath } from './log-schema.js';
import { SessionRefused } from './session-refused.js';

const tlsRemedy =
  'A private certification authority is named by sslrootcert=FILE in the URL, or by the variable NODE_EXTRA_CA_CERTS.';

/** The oldest major version of PostgreSQL with all that the service uses. */
const oldestMajor = 14;

/** A client of pg, with the id of the backend process that the server has named. */
type IdentifiedClient = pg.Client & { readonly processID: number | null };

/**
 * Looks at a database before the pool connects to it: which schema holds the log, and whether a
 * pooler is in between that would share the service's sessions with other clients. Rejects with one
 * sentence that says what to change.
 * @param mustWrite whether a standby, which cannot append, is refused.
 * @returns the access with the search_path that leads to the log.
 */
export async function inspectDatabase(access: DatabaseAccess, mustWrite = false): Promise<DatabaseAccess> {
  const { url, directUrl, role } = access;
  if (directUrl !== undefined) {
    await (await connectToSession(directUrl)).end();
  }
  const client = directUrl === undefined ? await connectToSession(url) : await connectFirst(url);
  try {
    if (mustWrite) await refuseStandby(client, url);
    return { ...access, searchPath: await findSearchPath(client, role) };
  } finally {
    await client.end();
  }
}

async function refuseStandby(client: pg.Client, url: string): Promise<void> {
  const { rows } = await client.query<{ standby: boolean }>('select pg_is_in_recovery() as standby');
  if (!rows[0]?.standby) return;
  throw new SessionRefused(
    `the database at ${describeAddress(url)} is a standby, which is read-only: set DATABASE_URL to the primary server, ` +
      'or promote the standby.',
  );
}

/**
 * Connects, for what needs a session of its own. Rejects if a pooler shares the sessions.
 */
export async function connectToSession(url: string): Promise<pg.Client> {
  const client = await connectFirst(url);
  try {
    if (await sharesSessions(client, url)) {
      throw new SessionRefused(
        `${describeAddress(url)} is a connection pooler in transaction mode: set DATABASE_DIRECT_URL to the address ` +
          'of PostgreSQL itself, for LISTEN, advisory locks and migrations, or use the session mode of the pooler.',
      );
    }
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
}

/**
 * Connects, and refuses an old server. The error says which address it is about, and the cause.
 */
async function connectFirst(url: string): Promise<IdentifiedClient> {
  const { client, version } = await connectAndAsk(url);
  if (version >= oldestMajor * 10_000) return client;
  await client.end();
  const found = `${Math.floor(version / 10_000)}.${version % 10_000}`;
  throw new SessionRefused(
    `the database at ${describeAddress(url)} runs on PostgreSQL ${found}, but the service needs PostgreSQL ` +
      `${oldestMajor} or newer.`,
  );
}

/** @returns also the server's version, such as 140023 for 14.23. */
async function connectAndAsk(url: string): Promise<{ client: IdentifiedClient; version: number }> {
  try {
    return await connectToPrimary(url, async (primary) => {
      const client = new pg.Client(connectionTo(primary, 'orders start')) as IdentifiedClient;
      // A connection that breaks also fails its statement. Without a listener it ends the process.
      client.on('error', () => undefined);
      await client.connect();
      return { client, version: await firstResponse(client) };
    });
  } catch (error) {
    const { message, reason } = couldNotConnect(error);
    const remedy = reason === tlsFailed ? `. ${tlsRemedy}` : '';
    throw new Error(`the database at ${describeAddress(url)}: ${message}${remedy}`, { cause: error });
  }
}

/**
 * Waits for the response to a first statement, which is the server's version. A pooler accepts
 * logins while PostgreSQL is away, and may then stay silent for minutes. Later statements of the
 * start, such as migrations, have no time limit: they may take long on a large log.
 */
async function firstResponse(client: pg.Client): Promise<number> {
  const asked = client.query<{ version: number }>(
    `select pg_catalog.current_setting('server_version_num')::integer as version`,
  );
  try {
    const { rows } = await withTimeout(limits.connectTimeoutMs, asked);
    return rows[0]?.version ?? 0;
  } catch (error) {
    client.connection.stream.destroy();
    throw error instanceof TimeoutError
      ? new ServerSilent(new Error(`no response within ${limits.connectTimeoutMs / 1_000} s of the login`))
      : error;
  }
}

/**
 * Whether the statements of one connection may run in several sessions of PostgreSQL, as with a
 * pooler in transaction mode.
 *
 * PostgreSQL tells a client the id of its backend process; a pooler tells a made-up one. If they
 * differ, a second connection opens a transaction: a pooler in transaction mode gives it the
 * session that the first connection has just used, or gives the first one another session
 * afterwards. In session mode each connection keeps its session.
 */
async function sharesSessions(client: IdentifiedClient, url: string): Promise<boolean> {
  const backend = await backendOf(client);
  if (backend === client.processID) return false;
  const other = await connectFirst(url);
  try {
    await other.query('begin');
    const backendOfOther = await backendOf(other);
    await other.query('rollback');
    return backendOfOther === backend || (await backendOf(client)) !== backend;
  } finally {
    await other.end();
  }
}

async function backendOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid ?? 0;
}
