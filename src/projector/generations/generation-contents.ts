import { decodeCheckpoint } from '../../read-models/checkpoint.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import type { RedisCommand } from '../../read-models/redis/redis-command.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import { followCursor, scanKeys } from '../../read-models/redis/scan.js';
import { projectorLimits as limits } from '../limits.js';

/** The entries of a key of any type. A string has one entry, with the name ''. */
export type Entries = ReadonlyMap<string, string>;

/**
 * Yields the keys of a generation without its checkpoints, page by page. SCAN may yield a key
 * twice.
 */
export async function* scanGeneration(
  redis: Redis,
  keys: ReadModelKeys,
  id: GenerationId,
): AsyncGenerator<{ readonly partition: number; readonly key: string }[]> {
  for await (const names of scanKeys(redis, keys.pattern(id), limits.entriesPerScan)) {
    const parts = names.map((name) => {
      const [, partition = '', key = ''] = /:(\d+)\}:[^:]+:\d+:(.*)$/s.exec(name) ?? [];
      return { partition: Number(partition), key };
    });
    yield parts.filter(({ key }) => key !== 'checkpoint');
  }
}

/**
 * Reads keys of any type. One round trip reads small keys completely and the beginning of large
 * hashes and sets. The rest of those is read page by page, so that Redis is not blocked.
 */
export async function readEntries(redis: Redis, names: readonly string[]): Promise<Entries[]> {
  const types = await pipeline(
    redis,
    names.map((name) => ['TYPE', name]),
  );
  const replies = await pipeline(
    redis,
    names.map((name, index): RedisCommand => {
      const scan = scans[String(types[index])];
      if (scan) return [scan[0], name, '0', 'COUNT', limits.entriesPerScan];
      return types[index] === 'list' ? ['LRANGE', name, 0, -1] : ['GET', name];
    }),
  );
  const all: Entries[] = [];
  for (const [index, name] of names.entries()) {
    const scan = scans[String(types[index])];
    all.push(scan ? await scanEntries(redis, scan, name, replies[index]) : asEntries(replies[index]));
  }
  return all;
}

/** The command that scans a type of collection, and the number of words per entry in its reply. */
type Scan = readonly [command: string, width: 1 | 2];
const scans: Readonly<Record<string, Scan>> = {
  hash: ['HSCAN', 2],
  zset: ['ZSCAN', 2],
  set: ['SSCAN', 1],
};

function asEntries(reply: unknown): Entries {
  if (Array.isArray(reply)) return new Map(reply.map((text, index) => [String(index), String(text)]));
  return typeof reply === 'string' ? new Map([['', reply]]) : new Map();
}

/** @param first the reply to the first scan. */
async function scanEntries(redis: Redis, [command, width]: Scan, name: string, first: unknown): Promise<Entries> {
  const entries = new Map<string, string>();
  const next = (cursor: string): RedisCommand => [command, name, cursor, 'COUNT', limits.entriesPerScan];
  for await (const page of followCursor(redis, next, first)) {
    for (let at = 0; at < page.length; at += width) entries.set(page[at] ?? '', page[at + width - 1] ?? '');
  }
  return entries;
}

/** The position of a generation's checkpoint in each partition. */
export async function positionsOf(
  redis: Redis,
  keys: ReadModelKeys,
  id: GenerationId,
  partitions: number,
): Promise<number[]> {
  return readPositions(
    redis,
    Array.from({ length: partitions }, (_, partition) => keys.checkpoint(id, partition)),
  );
}

/** The positions of the checkpoints of generations in one partition. */
export async function positionsInPartition(
  redis: Redis,
  keys: ReadModelKeys,
  ids: readonly GenerationId[],
  partition: number,
): Promise<number[]> {
  return readPositions(
    redis,
    ids.map((id) => keys.checkpoint(id, partition)),
  );
}

async function readPositions(redis: Redis, checkpoints: readonly string[]): Promise<number[]> {
  const texts = await pipeline(
    redis,
    checkpoints.map((name) => ['GET', name]),
  );
  return texts.map((text) => decodeCheckpoint(text as string | null).position);
}
