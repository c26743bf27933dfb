import { ReadModelUnavailable } from '../../read-models/read-model-unavailable.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import type { RedisCommand } from '../../read-models/redis/redis-command.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import { followCursor } from '../../read-models/redis/scan.js';
import { projectorLimits as limits } from '../limits.js';
import type { Content } from './memory-store.js';
import type { Suspects } from './suspects.js';

/**
 * Compares keys in Redis with what the log was folded to. The type of each key is known, so that
 * one round trip reads many keys; as many as have about `maxComparedEntries` entries or
 * `maxComparedLength` characters. The next keys are on their way while those before them are
 * compared. The fold has bounded its own keys; of what Redis has beyond them, one page at a time is
 * in memory, and no more is read once `suspects` is full.
 * @param names keys of one partition, each once.
 * @param suspects gets the entries whose texts differ, by the name of their key.
 * @param expected the folded content of a key; undefined if the fold has no such key.
 * @param onCompared called with the number of compared keys of each round trip.
 */
export async function compareFolded(
  redis: Redis,
  names: Iterable<string>,
  expected: (name: string) => Content | undefined,
  suspects: Suspects,
  onCompared: (keys: number) => void,
): Promise<void> {
  let before: Promise<void> = Promise.resolve();
  for (const batch of batchesOf(names, expected)) {
    const replies = readBatch(redis, batch);
    // If the batch before fails, nobody waits for this one.
    replies.catch(() => undefined);
    await before;
    if (suspects.isFull) return;
    before = compareBatch(redis, batch, replies, suspects).then(onCompared);
    before.catch(() => undefined);
  }
  await before;
}

interface ComparedKey {
  readonly name: string;
  readonly content: Content | undefined;
}

/** Exported for tests. */
export function* batchesOf(
  names: Iterable<string>,
  expected: (name: string) => Content | undefined,
): Generator<ComparedKey[]> {
  let batch: ComparedKey[] = [];
  let entries = 0;
  let length = 0;
  for (const name of names) {
    const content = expected(name);
    const size = content === undefined ? { entries: 1, length: 0 } : sizeOf(content);
    // A key whose entries are large is read by itself.
    if (batch.length > 0 && length + size.length > limits.maxComparedLength) {
      yield batch;
      [batch, entries, length] = [[], 0, 0];
    }
    batch.push({ name, content });
    entries += size.entries;
    length += size.length;
    if (entries < limits.maxComparedEntries) continue;
    yield batch;
    [batch, entries, length] = [[], 0, 0];
  }
  if (batch.length > 0) yield batch;
}

function sizeOf(content: Content): { readonly entries: number; readonly length: number } {
  let length = 0;
  if (content.type === 'list') {
    for (const item of content.items) length += item.length;
    return { entries: content.items.length, length };
  }
  for (const [entry, text] of content.entries) length += entry.length + text.length;
  return { entries: content.entries.size, length };
}

/**
 * The first reply to each key: its type if the fold has no such key. Undefined if a key has another
 * type than the fold.
 */
async function readBatch(redis: Redis, batch: readonly ComparedKey[]): Promise<unknown[] | undefined> {
  try {
    return await pipeline(
      redis,
      batch.map(({ name, content }) => (content ? readCommand(name, content) : ['TYPE', name])),
    );
  } catch (error) {
    if (error instanceof ReadModelUnavailable && String(error.cause ?? error).includes('WRONGTYPE')) return undefined;
    throw error;
  }
}

/** Of a list it reads one item more than the fold has: then the list is longer. */
function readCommand(name: string, content: Content): RedisCommand {
  return content.type === 'list' ? ['LRANGE', name, 0, content.items.length] : scanCommand(name, content.type, '0');
}

function scanCommand(name: string, type: 'hash' | 'zset' | 'set', cursor: string): RedisCommand {
  const command = type === 'hash' ? 'HSCAN' : type === 'zset' ? 'ZSCAN' : 'SSCAN';
  return [command, name, cursor, 'COUNT', limits.entriesPerScan];
}

/** @returns the number of compared keys, of which the last one may have filled `suspects`. */
async function compareBatch(
  redis: Redis,
  batch: readonly ComparedKey[],
  read: Promise<unknown[] | undefined>,
  suspects: Suspects,
): Promise<number> {
  const replies = await read;
  for (const [index, { name, content }] of batch.entries()) {
    if (suspects.isFull) return index;
    if (!replies) await compareOfAnyType(redis, name, content, suspects);
    else if (!content) await addAll(redis, name, String(replies[index]), suspects);
    else if (content.type === 'list') await compareLists(redis, name, content, replies[index], suspects);
    else await compareScanned(redis, name, content, replies[index], suspects);
  }
  return batch.length;
}

/** Compares a key that may have another type than the fold. All entries are suspects then. */
async function compareOfAnyType(
  redis: Redis,
  name: string,
  content: Content | undefined,
  suspects: Suspects,
): Promise<void> {
  const type = String((await pipeline(redis, [['TYPE', name]]))[0]);
  if (!content || type !== content.type) {
    for (const entry of content ? entriesOf(content) : []) suspects.add(name, entry);
    await addAll(redis, name, type, suspects);
    return;
  }
  const [first] = await pipeline(redis, [readCommand(name, content)]);
  if (content.type === 'list') await compareLists(redis, name, content, first, suspects);
  else await compareScanned(redis, name, content, first, suspects);
}

function entriesOf(content: Content): Iterable<string> {
  return content.type === 'list' ? content.items.map((_, index) => String(index)) : content.entries.keys();
}

/** Adds all entries of a key in Redis. The texts of strings and lists are not read. */
async function addAll(redis: Redis, name: string, type: string, suspects: Suspects): Promise<void> {
  if (type === 'hash' || type === 'zset' || type === 'set') {
    const width = type === 'set' ? 1 : 2;
    for await (const page of followCursor(redis, (cursor) => scanCommand(name, type, cursor))) {
      for (let at = 0; at < page.length; at += width) suspects.add(name, page[at] ?? '');
      if (suspects.isFull) return;
    }
  } else if (type === 'list') await addItems(redis, name, 0, suspects);
  else if (type !== 'none') suspects.add(name, '');
}

/** Adds the items of a list from an index on. */
async function addItems(redis: Redis, name: string, from: number, suspects: Suspects): Promise<void> {
  const length = Number((await pipeline(redis, [['LLEN', name]]))[0]);
  for (let index = from; index < length && !suspects.isFull; index += 1) suspects.add(name, String(index));
}

/** @param first the items that were read: all of them, or one more than the fold has. */
async function compareLists(
  redis: Redis,
  name: string,
  { items }: Extract<Content, { type: 'list' }>,
  first: unknown,
  suspects: Suspects,
): Promise<void> {
  const found = first as string[];
  for (let index = 0; index < Math.max(items.length, found.length); index += 1)
    if (items[index] !== found[index]) suspects.add(name, String(index));
  if (found.length > items.length) await addItems(redis, name, found.length, suspects);
}

/** @param first the reply to the scan with cursor 0. */
async function compareScanned(
  redis: Redis,
  name: string,
  content: Exclude<Content, { type: 'list' }>,
  first: unknown,
  suspects: Suspects,
): Promise<void> {
  const { type, entries } = content;
  const width = type === 'set' ? 1 : 2;
  const [cursor, page] = first as [string, string[]];
  let matched = 0;
  const compare = (found: readonly string[], seen?: Set<string>) => {
    for (let at = 0; at < found.length; at += width) {
      const entry = found[at] ?? '';
      const text = type === 'set' ? '1' : found[at + 1];
      if (seen?.has(entry)) continue;
      seen?.add(entry);
      if (entries.get(entry) === text) matched += 1;
      else suspects.add(name, entry);
    }
  };
  // One reply has each entry once; several may repeat entries.
  const seen = new Set<string>();
  if (cursor === '0') compare(page);
  else {
    for await (const one of followCursor(redis, (next) => scanCommand(name, type, next), first)) {
      compare(one, seen);
      if (suspects.isFull) return;
    }
  }
  if (matched === entries.size) return;
  if (cursor === '0') for (let at = 0; at < page.length; at += width) seen.add(page[at] ?? '');
  for (const entry of entries.keys()) if (!seen.has(entry)) suspects.add(name, entry);
}
