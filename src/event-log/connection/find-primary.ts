import pg from 'pg';
import { hostUrls } from '../../environment.js';
import { eventLogLimits as limits } from '../limits.js';

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
 * Finds the server to connect to. A URL with one host is returned as it is. Of several hosts,
 * returns the URL of the one that accepts writes, as libpq does with
 * `target_session_attrs=read-write`. Asks all of them at once. Connections that are opened within
 * `primaryKeptMs` share the result, unless one of them fails (`forgetPrimary`).
 *
 * Rejects if no host accepts writes. The error says what each of them is.
 */
export async function findPrimary(url: string): Promise<string> {
  const urls = hostUrls(url).map(withoutTarget);
  const [only] = urls;
  if (only !== undefined && urls.length === 1) return only;
  const known = found.get(url);
  if (known && performance.now() - known.atMs < limits.primaryKeptMs) return known.url;
  const search = searches.get(url) ?? searchPrimary(url, urls).finally(() => searches.delete(url));
  searches.set(url, search);
  return search;
}

/** Called when a connection to the found server failed: the next one searches again. */
export function forgetPrimary(url: string): void {
  found.delete(url);
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
    connectionString: url,
    application_name: 'orders find primary',
    connectionTimeoutMillis: limits.connectTimeoutMs,
    query_timeout: limits.connectTimeoutMs,
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

/** `pg` does not know the parameter. */
function withoutTarget(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  if (!parsed.searchParams.has('target_session_attrs')) return url;
  parsed.searchParams.delete('target_session_attrs');
  return parsed.href;
}
