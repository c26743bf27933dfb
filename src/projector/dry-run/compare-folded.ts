import type { Redis } from '../../read-models/redis/redis-client.js';
import { type KeyPage, type KeyReader, keyReader } from '../generations/key-pages.js';
import { projectorLimits as limits } from '../limits.js';
import type { Content } from './memory-store.js';
import type { Suspects } from './suspects.js';

/**
 * Compares keys in Redis with what the log was folded to. One round trip reads as many keys as have
 * about `maxComparedEntries` entries or `maxComparedLength` characters in the fold. The next keys
 * are read while those before them are compared. If Redis has larger entries than the fold, a round
 * trip ends at `maxComparedBytes`. No more is read once `suspects` is full.
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
  const reader = keyReader(redis);
  let before: Promise<void> = Promise.resolve();
  for (const batch of batchesOf(names, expected)) {
    const pages = reader.firstPages(namesOf(batch));
    // If the batch before fails, nobody waits for this one.
    pages.catch(() => undefined);
    await before;
    if (suspects.isFull) return;
    before = compareBatch(reader, batch, pages, suspects).then(onCompared);
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

/** @returns the number of compared keys, of which the last one may have filled `suspects`. */
async function compareBatch(
  reader: KeyReader,
  batch: readonly ComparedKey[],
  first: Promise<readonly KeyPage[]>,
  suspects: Suspects,
): Promise<number> {
  let pages = await first;
  for (let at = 0; ; ) {
    for (const [nth, page] of pages.entries()) {
      if (suspects.isFull) return at + nth;
      const key = batch[at + nth];
      if (key) await compareKey(reader, key, page, suspects);
    }
    at += pages.length;
    if (at >= batch.length || suspects.isFull) return at;
    // Redis has larger entries than the fold: the round trip has not reached all keys.
    pages = await reader.firstPages(namesOf(batch.slice(at)));
  }
}

/** Compares all entries of a key. If its type is not that of the fold, all are suspects. */
async function compareKey(
  reader: KeyReader,
  { name, content }: ComparedKey,
  first: KeyPage,
  suspects: Suspects,
): Promise<void> {
  const expected = content?.type === first.type ? content : undefined;
  // Two pages may have the same entry. Most keys have one page.
  const seen = first.next === undefined ? undefined : new Set<string>();
  let matched = 0;
  for await (const page of reader.pages(name, first)) {
    page.forEach((entry, text) => {
      if (seen?.has(entry)) return;
      seen?.add(entry);
      if (expected && textIn(expected, entry) === text) matched += 1;
      else suspects.add(name, entry);
    });
    if (suspects.isFull) return;
  }
  if (!content || matched === entriesIn(content)) return;
  const found = seen ?? new Set<string>();
  if (!seen) {
    first.forEach((entry) => {
      found.add(entry);
    });
  }
  for (const entry of entriesOf(content)) if (!expected || !found.has(entry)) suspects.add(name, entry);
}

function textIn(content: Content, entry: string): string | undefined {
  return content.type === 'list' ? content.items[Number(entry)] : content.entries.get(entry);
}

function entriesIn(content: Content): number {
  return content.type === 'list' ? content.items.length : content.entries.size;
}

function entriesOf(content: Content): Iterable<string> {
  return content.type === 'list' ? content.items.map((_, index) => String(index)) : content.entries.keys();
}

function namesOf(batch: readonly ComparedKey[]): string[] {
  return batch.map(({ name }) => name);
}
