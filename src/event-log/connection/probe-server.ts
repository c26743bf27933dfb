import { Socket } from 'node:net';
import pg from 'pg';
import { TimeoutError, withTimeout } from '../../with-timeout.js';
import { eventLogLimits as limits } from '../limits.js';
import { connectionTo, describeAddress } from './database-access.js';
import { connectToPrimary } from './find-primary.js';
import { serverOf } from './service-pool.js';

/** A server of PostgreSQL that has responded to a probe. */
export interface RespondingServer {
  /** Its host and port, as the URL names them. */
  readonly server: string;
  /** Its backends, by process id, that do not wait for a statement of their client. */
  readonly busy: ReadonlySet<number>;
  /** Whether a pooler is in between, which makes process ids up. */
  readonly isPooled: boolean;
}

/** The result of a probe. */
export type Probed =
  /** The server is undefined if it responded with an error, which is a sign of life too. */
  | { readonly responds: true; readonly server: RespondingServer | undefined }
  /** `hasReceived` says whether anything has arrived over the connection, such as the login. */
  | { readonly responds: false; readonly error: Error; readonly hasReceived: boolean };

/**
 * Asks over a new connection which backends are busy, and waits for the response for up to
 * `probeTimeoutMs`. Never rejects.
 */
export async function probeServer(url: string): Promise<Probed> {
  const clients: pg.Client[] = [];
  let isOver = false;
  const asking = connectToPrimary(url, async (primary) => {
    // The search for the primary may take longer than the probe.
    if (isOver) throw new Error('the probe is over');
    const client = new pg.Client(connectionTo(primary, 'orders probe'));
    clients.push(client);
    client.on('error', () => undefined);
    await client.connect();
    // The state of other logins' sessions is hidden, and may be busy.
    const { rows } = await client.query<{ pid: number; is_own: boolean }>(
      `select pid, pid = pg_backend_pid() as is_own
       from pg_stat_activity where datname = current_database() and state is distinct from 'idle'`,
    );
    return {
      server: serverOf(client),
      busy: new Set(rows.map(({ pid }) => pid)),
      isPooled: !rows.some(({ pid, is_own: isOwn }) => isOwn && pid === processIdOf(client)),
    };
  });
  try {
    return { responds: true, server: await withTimeout(limits.probeTimeoutMs, asking) };
  } catch (error) {
    if (error instanceof pg.DatabaseError) return { responds: true, server: undefined };
    const hasReceived = clients.some(({ connection: { stream } }) => stream instanceof Socket && stream.bytesRead > 0);
    return { responds: false, error: asError(error, url), hasReceived };
  } finally {
    isOver = true;
    for (const client of clients) client.connection.stream.destroy();
  }
}

/** The types of pg do not have it. */
function processIdOf(client: pg.ClientBase): number | undefined {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : undefined;
}

function asError(error: unknown, url: string): Error {
  if (error instanceof TimeoutError)
    return new Error(`a new connection to ${describeAddress(url)} got no response in ${limits.probeTimeoutMs} ms`);
  return error instanceof Error ? error : new Error(String(error));
}
