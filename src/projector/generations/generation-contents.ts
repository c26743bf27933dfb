import { type Checkpoint, decodeCheckpoint } from '../../read-models/checkpoint.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import type { RedisCommand } from '../../read-models/redis/redis-command.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import { followCursor, scanKeys } from '../../read-models/redis/scan.js';
import { projectorLimits as limits } from '../limits.js';

/**
 * The texts of some entries of a key of any type. A string has one entry, with the name ''. The
 * entry of a list is an index. The text of a set's entry is '1'.
 */
export type Entries = ReadonlyMap<string, string>;

/** A key of any type that is read page by page, so that Redis is not blocked. */
export interface KeyPages {
  readonly first: Entries;
  /** Whether the first page has all entries, each once. */
  readonly isWhole: boolean;
  /** Yields all pages, with the first one. SCAN may yield an entry twice. */
  readonly pages: () => AsyncGenerator<Entries>;
}

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

/** Reads the first pages of keys of any type: all entries of small keys. */
export async function openKeys(redis: Redis, names: readonly string[]): Promise<KeyPages[]> {
  const types = await pipeline(
    redis,
    names.map((name) => ['TYPE', name]),
  );
  const scansOf = types.map((type) => scans[String(type)]);
  const replies = await pipeline(
    redis,
    names.map((name, index): RedisCommand => {
      const scan = scansOf[index];
      if (scan) return scanCommand(scan, name, '0');
      return types[index] === 'list' ? listCommand(name, 0) : ['GET', name];
    }),
  );
  return names.map((name, index) => {
    const [scan, reply] = [scansOf[index], replies[index]];
    if (scan) return scannedPages(redis, scan, name, reply as [string, string[]]);
    return types[index] === 'list' ? listPages(redis, name, reply as string[]) : stringPages(reply);
  });
}

/** Reads all entries of keys of any type. */
export async function readEntries(redis: Redis, names: readonly string[]): Promise<Entries[]> {
  const all: Entries[] = [];
  for (const { first, isWhole, pages } of await openKeys(redis, names)) {
    const entries = new Map(first);
    if (!isWhole) for await (const page of pages()) for (const [entry, text] of page) entries.set(entry, text);
    all.push(entries);
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

function scanCommand([command]: Scan, name: string, cursor: string): RedisCommand {
  return [command, name, cursor, 'COUNT', limits.entriesPerScan];
}

/** @param reply the reply to the first scan. */
function scannedPages(redis: Redis, scan: Scan, name: string, reply: readonly [string, string[]]): KeyPages {
  const entriesOf = (words: readonly string[]): Entries => {
    const [, width] = scan;
    const entries = new Map<string, string>();
    for (let at = 0; at < words.length; at += width)
      entries.set(words[at] ?? '', width === 1 ? '1' : (words[at + 1] ?? ''));
    return entries;
  };
  return {
    first: entriesOf(reply[1]),
    isWhole: reply[0] === '0',
    async *pages() {
      for await (const words of followCursor(redis, (cursor) => scanCommand(scan, name, cursor), reply))
        yield entriesOf(words);
    },
  };
}

function listCommand(name: string, from: number): RedisCommand {
  return ['LRANGE', name, from, from + limits.entriesPerScan - 1];
}

function listPages(redis: Redis, name: string, first: readonly string[]): KeyPages {
  const entriesOf = (items: readonly string[], from: number): Entries =>
    new Map(items.map((item, index) => [String(from + index), item]));
  const isLast = (items: readonly string[]) => items.length < limits.entriesPerScan;
  return {
    first: entriesOf(first, 0),
    isWhole: isLast(first),
    async *pages() {
      let items = first;
      for (let from = 0; ; from += limits.entriesPerScan) {
        yield entriesOf(items, from);
        if (isLast(items)) return;
        items = (await pipeline(redis, [listCommand(name, from + limits.entriesPerScan)]))[0] as string[];
      }
    },
  };
}

/** @param reply the reply to GET: null if there is no such key. */
function stringPages(reply: unknown): KeyPages {
  const first: Entries = typeof reply === 'string' ? new Map([['', reply]]) : new Map();
  return {
    first,
    isWhole: true,
    async *pages() {
      yield first;
    },
  };
}

/** The position of a generation's checkpoint in each partition. */
export async function positionsOf(
  redis: Redis,
  keys: ReadModelKeys,
  id: GenerationId,
  partitions: number,
): Promise<number[]> {
  return (await checkpointsOf(redis, keys, id, partitions)).map(({ position }) => position);
}

/** A generation's checkpoint in each partition. */
export function checkpointsOf(
  redis: Redis,
  keys: ReadModelKeys,
  id: GenerationId,
  partitions: number,
): Promise<Checkpoint[]> {
  return readCheckpoints(
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
  const names = ids.map((id) => keys.checkpoint(id, partition));
  return (await readCheckpoints(redis, names)).map(({ position }) => position);
}

async function readCheckpoints(redis: Redis, names: readonly string[]): Promise<Checkpoint[]> {
  const texts = await pipeline(
    redis,
    names.map((name) => ['GET', name]),
  );
  return texts.map((text) => decodeCheckpoint(text as string | null));
}
