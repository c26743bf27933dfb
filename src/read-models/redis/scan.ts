import { ReadModelUnavailable } from '../read-model-unavailable.js';
import { primariesOf, type Redis } from './redis-client.js';
import type { RedisCommand } from './redis-command.js';
import { pipeline } from './redis-pipeline.js';

/**
 * Yields the keys that match a glob pattern, one page per round trip. In a cluster, looks at one
 * primary after the other. Redis may return a key more than once, and a key that moves to another
 * node meanwhile may be missed. Rejects with ReadModelUnavailable.
 *
 * @param keysPerPage how many keys Redis looks at per call: the length of a page is about that.
 */
export async function* scanKeys(redis: Redis, pattern: string, keysPerPage: number): AsyncGenerator<readonly string[]> {
  const servers = primariesOf(redis);
  if (servers.length === 0) throw new ReadModelUnavailable(new Error('no node of the cluster is known yet'));
  for (const server of servers)
    yield* followCursor(server, (cursor) => ['SCAN', cursor, 'MATCH', pattern, 'COUNT', keysPerPage]);
}

/**
 * Follows the cursor of SCAN, HSCAN, SSCAN or ZSCAN until Redis returns cursor 0.
 *
 * @param command gives the command for a cursor.
 * @param first the reply to the command for cursor 0, if the caller has sent it already.
 */
export async function* followCursor(
  redis: Redis,
  command: (cursor: string) => RedisCommand,
  first?: unknown,
): AsyncGenerator<readonly string[]> {
  let reply = first ?? (await pipeline(redis, [command('0')]))[0];
  for (;;) {
    const [cursor, page] = reply as [string, string[]];
    yield page;
    if (cursor === '0') return;
    [reply] = await pipeline(redis, [command(cursor)]);
  }
}
