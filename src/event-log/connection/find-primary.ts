import pg from 'pg';
import { hostUrls } from '../../environment.js';
import { eventLogLimits as limits } from '../limits.js';
import { connectionTo } from './database-access.js';

/** A server of a URL with several hosts, found to accept writes. */
interface FoundPrimary {
  readonly url: string;
  /** By performance.now(). */
  readonly atMs: number;
}

/** By URL: the primary that was found last. Every connection of the process shares it. */
const found = new Map<string, FoundPrimary>();
/** By URL: the search under way. */
const searches = new Map<string, Promise<string>>();

/**
 * Connects to the server of a URL that accepts writes. A URL with one host is used as it is. Of
 * several hosts, it is the one that accepts writes, as with libpq's
 * `target_session_attrs=read-write`. All of them are asked at once. Connections that are opened
 * within `primaryKeptMs` share the result; if one of them fails, the next one searches again.
 *
 * Rejects if no host accepts writes. The error says what each of them is.
 * @param connect opens a connection to the URL of one host.
 */
export async function connectToPrimary<T>(url: string, connect: (primary: string) => Promise<T>): Promise<T> {
  const urls = hostUrls(url);
  const [only] = urls;
  if (only !== undefined && urls.length === 1) return connect(only);
  const primary = await findPrimary(url, urls);
  try {
    return await connect(primary);
  } catch (error) {
    if (found.get(url)?.url === primary) found.delete(url);
    throw error;
  }
}

async function findPrimary(url: string, urls: readonly string[]): Promise<string> {
  const known = found.get(url);
  if (known && performance.now() - known.atMs < limits.primaryKeptMs) return known.url;
  const search = searches.get(url) ?? searchPrimary(url, urls).finally(() => searches.delete(url));
  searches.set(url, search);
  return search;
}

async function searchPrimary(url: string, urls: readonly string[]): Promise<string> {
  const answers = urls.map(async (one) => {
    const state = await stateOf(one);
    if (state !== 'primary') throw new Error(`${new URL(one).host} ${state}`);
    return one;
  });
  // A server that is down may not answer for seconds; the primary does not wait for it.
  const primary = await Promise.any(answers).catch((error: unknown) => {
    const reasons = error instanceof AggregateError ? error.errors.map(String) : [String(error)];
    throw new Error(
      `none of the servers accepts writes: ${reasons.map((text) => text.replace(/^Error: /, '')).join('; ')}`,
    );
  });
  found.set(url, { url: primary, atMs: performance.now() });
  return primary;
}

async function stateOf(url: string): Promise<'primary' | 'is a standby'> {
  const client = new pg.Client({
    ...connectionTo(url, 'orders find primary'),
    connectionTimeoutMillis: limits.hostTimeoutMs,
    query_timeout: limits.hostTimeoutMs,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    // The service's sessions write whatever default_transaction_read_only says.
    const { rows } = await client.query<{ standby: boolean }>('select pg_is_in_recovery() as standby');
    return rows[0]?.standby ? 'is a standby' : 'primary';
  } catch (error) {
    throw new Error(`${new URL(url).host}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    void client.end().catch(() => undefined);
  }
}
