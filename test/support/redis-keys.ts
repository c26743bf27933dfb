import type { PartitionKeys } from '../../src/read-models/keys.js';
import type { TestLog } from './servers.js';

/** The contents of all Redis keys of this log, without the reports, which carry a time. */
export async function snapshotKeys(log: TestLog): Promise<Record<string, unknown>> {
  const keys = (await log.redis.keys(`{orders:${log.settings.logId.slice(0, 8)}:*`))
    .filter((key) => !key.includes(':report:'))
    .sort();
  const content: Record<string, unknown> = {};
  for (const key of keys) content[key] = await read(log, key);
  return content;
}

type Content =
  | { string: string }
  | { list: string[] }
  | { set: string[] }
  /** Each member, followed by its score. */
  | { zset: string[] }
  | { hash: Record<string, string> };

async function read(log: TestLog, key: string): Promise<Content> {
  switch (await log.redis.type(key)) {
    case 'string':
      return { string: (await log.redis.get(key)) ?? '' };
    case 'list':
      return { list: await log.redis.lrange(key, '0', '-1') };
    case 'set':
      return { set: (await log.redis.smembers(key)).sort() };
    case 'zset':
      return { zset: await log.redis.zrange(key, '0', '-1', 'WITHSCORES') };
    default:
      return { hash: await log.redis.hgetall(key) };
  }
}

export async function restoreKeys(log: TestLog, snapshot: Record<string, unknown>): Promise<void> {
  const multi = log.redis.multi();
  for (const [key, value] of Object.entries(snapshot)) {
    const content = value as Content;
    if ('string' in content) multi.set(key, content.string);
    else if ('list' in content) multi.rpush(key, ...content.list);
    else if ('set' in content) multi.sadd(key, ...content.set);
    else if ('zset' in content) {
      for (let nth = 0; nth < content.zset.length; nth += 2) {
        multi.zadd(key, content.zset[nth + 1] ?? '0', content.zset[nth] ?? '');
      }
    } else if ('hash' in content) multi.hset(key, content.hash);
  }
  await multi.exec();
}

/** Names the keys of a projection’s first generation, which is live until something is rebuilt. */
export function liveKeys(log: TestLog, name: string, partition: number): PartitionKeys {
  return log.keys.partition({ name, generation: 1 }, partition);
}

/** A checkpoint's key and its text. */
export async function checkpointText(
  log: TestLog,
  projection: string,
  partition: number,
): Promise<[key: string, text: string]> {
  const key = log.keys.checkpoint({ name: projection, generation: 1 }, partition);
  return [key, (await log.redis.get(key)) ?? ''];
}
