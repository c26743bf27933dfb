import type { Redis } from '../../read-models/redis/redis-client.js';
import { type RedisScript, redisScript } from '../../read-models/redis/redis-script.js';
import { projectorLimits as limits } from '../limits.js';

/**
 * Some entries of a key of any type. An entry is a hash field, a member of a set or the index of an
 * item in a list. A string has one entry, with the name ''. The text of a set's entry is '1'.
 */
export interface KeyPage {
  /** Such as 'hash'; 'none' if there is no such key. */
  readonly type: string;
  /** The cursor of the next page; undefined if the key has no entries after these. */
  readonly next: string | undefined;
  /** The number of entries, each once. */
  readonly size: number;
  forEach(visit: (entry: string, text: string) => void): void;
}

/** An entry of a key, by the whole name of the key. */
export interface KeyEntry {
  readonly name: string;
  readonly entry: string;
}

/** Reads keys of any type. Each round trip is bounded by `maxComparedBytes`. */
export interface KeyReader {
  /**
   * Reads the first page of each key, for keys of one partition, in one round trip. Returns pages
   * in the order of the keys, at least one, until the bytes are used up. Most keys have a single
   * page.
   */
  firstPages(names: readonly string[]): Promise<KeyPage[]>;
  /** Yields the first page of a key, and those after it. Two pages may have the same entry. */
  pages(name: string, first: KeyPage): AsyncGenerator<KeyPage>;
  /**
   * Reads the texts of entries of one partition in one round trip. Returns texts in the order of
   * the entries, at least one, until the bytes are used up. A text is undefined if there is no such
   * entry.
   */
  texts(entries: readonly KeyEntry[]): Promise<(string | undefined)[]>;
}

interface Scripts {
  readonly readEntries: RedisScript;
  readonly readTexts: RedisScript;
}

const prepared = new WeakMap<Redis, Scripts>();

function scriptsOf(redis: Redis): Scripts {
  const scripts = prepared.get(redis) ?? {
    readEntries: redisScript(redis, 'read-entries.lua'),
    readTexts: redisScript(redis, 'read-texts.lua'),
  };
  prepared.set(redis, scripts);
  return scripts;
}

export function keyReader(redis: Redis): KeyReader {
  const { readEntries, readTexts } = scriptsOf(redis);

  async function readPages(names: readonly string[], cursors: readonly string[]): Promise<ReadPage[]> {
    const pages = await readEntries(names, [limits.entriesPerPage, limits.maxComparedBytes, ...cursors]);
    return (JSON.parse(String(pages)) as string[][]).map((page, nth) => new ReadPage(page, cursors[nth] ?? ''));
  }

  return {
    firstPages: (names) =>
      readPages(
        names,
        names.map(() => '0'),
      ),
    async *pages(name, first) {
      yield first;
      for (let cursor = first.next; cursor !== undefined; ) {
        const [page] = await readPages([name], [cursor]);
        if (page) yield page;
        cursor = page?.next;
      }
    },
    async texts(entries) {
      const names = entries.map(({ name }) => name);
      const texts = await readTexts(names, [limits.maxComparedBytes, ...entries.map(({ entry }) => entry)]);
      return (texts as (string | null)[]).map((text) => text ?? undefined);
    },
  };
}

/** The index of the first word in a page as redis/read-entries.lua returns it. */
const firstWord = 2;

class ReadPage implements KeyPage {
  readonly type: string;
  readonly next: string | undefined;
  readonly #words: readonly string[];
  readonly #cursor: string;

  /**
   * @param words the type, the next cursor, and the words of the entries.
   * @param cursor that of this page.
   */
  constructor(words: readonly string[], cursor: string) {
    const [type = 'none', next = '0'] = words;
    this.type = type;
    this.next = next === '0' ? undefined : next;
    this.#words = words;
    this.#cursor = cursor;
  }

  get size(): number {
    const count = this.#words.length - firstWord;
    return this.type === 'hash' || this.type === 'zset' ? count / 2 : count;
  }

  forEach(visit: (entry: string, text: string) => void): void {
    const { type } = this;
    const words = this.#words;
    const width = type === 'hash' || type === 'zset' ? 2 : 1;
    for (let at = firstWord; at < words.length; at += width) {
      const word = words[at] ?? '';
      if (width === 2) visit(word, words[at + 1] ?? '');
      else if (type === 'set') visit(word, '1');
      else visit(type === 'list' ? String(Number(this.#cursor) + at - firstWord) : '', word);
    }
  }
}
