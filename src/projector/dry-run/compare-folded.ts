import { ReadModelUnavailable } from '../../read-models/read-model-unavailable.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import type { RedisCommand } from '../../read-models/redis/redis-command.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import { followCursor } from '../../read-models/redis/scan.js';
import { readEntries } from '../generations/generation-contents.js';
import { projectorLimits as limits } from '../limits.js';
import type { Content } from './memory-store.js';

/** Called with an entry whose texts differ while both sides may be at different positions. */
type OnSuspect = (name: string, entry: string) => void;

const noEntries: Content = { type: 'hash', entries: new Map() };

/**
 * Compares keys in Redis with what the log was folded to. The type of each key is known, so that
 * one round trip reads many keys; as many as have about `maxComparedEntries` entries or
 * `maxComparedLength` characters. The next keys are on their way while those before them are
 * compared.
 * @param names keys of one partition, each once.
 * @param expected the folded content of a key; undefined if the fold has no such key.
 * @param onCompared called with the number of keys of each round trip.
 */
export async function compareFolded(
  redis: Redis,
  names: Iterable<string>,
  expected: (name: string) => Content | undefined,
  onSuspect: OnSuspect,
  onCompared: (keys: number) => void,
): Promise<void> {
  let before: Promise<void> = Promise.resolve();
  for (const batch of batchesOf(names, expected)) {
    const replies = readBatch(redis, batch);
    // If the batch before fails, nobody waits for this one.
    replies.catch(() => undefined);
    await before;
    before = compareBatch(redis, batch, replies, onSuspect).then(() => onCompared(batch.length));
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

/** The first reply to each key. Undefined if a key has another type than the fold. */
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

function readCommand(name: string, { type }: Content, cursor = '0'): RedisCommand {
  if (type === 'list') return ['LRANGE', name, 0, -1];
  return [`${type === 'hash' ? 'H' : type === 'zset' ? 'Z' : 'S'}SCAN`, name, cursor, 'COUNT', limits.entriesPerScan];
}

async function compareBatch(
  redis: Redis,
  batch: readonly ComparedKey[],
  read: Promise<unknown[] | undefined>,
  onSuspect: OnSuspect,
): Promise<void> {
  const replies = await read;
  const others: ComparedKey[] = [];
  for (const [index, { name, content }] of batch.entries()) {
    if (!replies || !content) others.push({ name, content });
    else if (content.type === 'list') compareLists(name, content.items, replies[index] as string[], onSuspect);
    else await compareScanned(redis, name, content, replies[index], onSuspect);
  }
  // Keys that only one side has, or that have another type: their entries are suspects.
  const found = await readEntries(
    redis,
    others.map(({ name }) => name),
  );
  for (const [index, { name, content }] of others.entries()) {
    for (const [entry, text] of found[index] ?? []) if (textOf(content, entry) !== text) onSuspect(name, entry);
    for (const entry of entriesOf(content ?? noEntries)) if (!found[index]?.has(entry)) onSuspect(name, entry);
  }
}

function textOf(content: Content | undefined, entry: string): string | undefined {
  if (!content) return undefined;
  if (content.type === 'list') return content.items[Number(entry)];
  return content.type === 'set' && content.entries.has(entry) ? entry : content.entries.get(entry);
}

function entriesOf(content: Content): Iterable<string> {
  return content.type === 'list' ? content.items.map((_, index) => String(index)) : content.entries.keys();
}

function compareLists(name: string, items: readonly string[], found: readonly string[], onSuspect: OnSuspect): void {
  for (let index = 0; index < Math.max(items.length, found.length); index += 1)
    if (items[index] !== found[index]) onSuspect(name, String(index));
}

/** @param first the reply to the scan with cursor 0. */
async function compareScanned(
  redis: Redis,
  name: string,
  content: Exclude<Content, { type: 'list' }>,
  first: unknown,
  onSuspect: OnSuspect,
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
      else onSuspect(name, entry);
    }
  };
  // One reply has each entry once; several may repeat entries.
  const seen = new Set<string>();
  if (cursor === '0') compare(page);
  else
    for await (const one of followCursor(redis, (next) => readCommand(name, content, next), first)) compare(one, seen);
  if (matched === entries.size) return;
  if (cursor === '0') for (let at = 0; at < page.length; at += width) seen.add(page[at] ?? '');
  for (const entry of entries.keys()) if (!seen.has(entry)) onSuspect(name, entry);
}
