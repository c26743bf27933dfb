import type { Redis } from 'ioredis';

/** The names in the keys and values of Redis: forgetting removes them from every read model. */
export async function findNamesInRedis(redis: Redis, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const found: string[] = [];
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'COUNT', 1000);
    cursor = next;
    for (const key of keys) {
      const text = `${key}\n${await contentOf(redis, key)}`;
      for (const name of names)
        if (text.includes(name)) found.push(`the key ${key} in Redis has the forgotten name ${name}.`);
    }
  } while (cursor !== '0');
  return found;
}

async function contentOf(redis: Redis, key: string): Promise<string> {
  switch (await redis.type(key)) {
    case 'string':
      return (await redis.get(key)) ?? '';
    case 'hash':
      return Object.entries(await redis.hgetall(key)).join('\n');
    case 'zset':
      return (await redis.zrange(key, 0, '-1')).join('\n');
    case 'list':
      return (await redis.lrange(key, 0, -1)).join('\n');
    case 'set':
      return (await redis.smembers(key)).join('\n');
    default:
      // The key has expired, or is of a type that the service does not use.
      return '';
  }
}
