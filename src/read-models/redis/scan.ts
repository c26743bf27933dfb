import { ReadModelUnavailable } from '../read-model-unavailable.js';
import { primariesOf, type Redis } from './redis-client.js';
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
  for (const server of servers) {
    let cursor = '0';
    do {
      const [reply] = await pipeline(server, [['SCAN', cursor, 'MATCH', pattern, 'COUNT', keysPerPage]]);
      const [next, page] = reply as [string, string[]];
      yield page;
      cursor = next;
    } while (cursor !== '0');
  }
}
