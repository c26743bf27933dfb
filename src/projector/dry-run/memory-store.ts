import type { ReadKeys } from '../../projections/projection.js';
import { type Checkpoint, startCheckpoint } from '../../read-models/checkpoint.js';
import type { GenerationId } from '../../read-models/keys.js';
import type { RedisCommand } from '../../read-models/redis/redis-command.js';
import type { ProjectionStore } from '../steps/projection-store.js';

/** The content of a key: a list by index, or a hash, sorted set or set by entry. */
export type Content =
  | { readonly type: 'list'; readonly items: string[] }
  | { readonly type: 'hash' | 'zset' | 'set'; readonly entries: Map<string, string> };

/** The read models that a replay fills exceed the limit of bytes. */
export class FoldTooLarge extends Error {
  override readonly name = 'FoldTooLarge';
}

/** Bytes of memory that an entry takes beside its texts. */
const entryOverheadBytes = 100;

/**
 * Keeps the read models of one partition in memory, in the form in which Redis has them. It knows
 * the commands by which projections read and write. The replies are those of Redis.
 */
export class MemoryStore implements ProjectionStore {
  readonly contents = new Map<string, Content>();
  readonly #checkpoints = new Map<string, Checkpoint>();
  /** Can be raised, since more events arrive while read models are compared. */
  maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  readonly read: ReadKeys = Object.assign(
    async (commands: readonly RedisCommand[]) => commands.map((command) => this.#reply(command)),
    {
      fields: async (entries: readonly (readonly [hash: string, field: string])[]) =>
        entries.map(([hash, field]) => this.#entries(hash, 'hash').get(field) ?? null),
    },
  );

  async checkpoints(generations: readonly GenerationId[]): Promise<Checkpoint[]> {
    return generations.map(({ name }) => this.#checkpoints.get(name) ?? startCheckpoint);
  }

  /** Throws FoldTooLarge. */
  readonly apply: ProjectionStore['apply'] = async (_, steps) => {
    for (const { generation, to, writes } of steps) {
      for (const write of writes) this.#write(write);
      this.#checkpoints.set(generation.name, to);
    }
    if (this.#bytes > this.maxBytes) {
      throw new FoldTooLarge(`the read models of a partition take more than ${this.maxBytes} bytes`);
    }
    return steps.map(() => ({ applied: true }));
  };

  /** An entry as text; undefined if there is none. The entry of a list is an index. */
  text(key: string, entry: string): string | undefined {
    const content = this.contents.get(key);
    return content?.type === 'list' ? content.items[Number(entry)] : content?.entries.get(entry);
  }

  #reply([command, key, ...args]: RedisCommand): unknown {
    const [first = ''] = args;
    switch (command) {
      case 'HGET':
        return this.#entries(key, 'hash').get(String(first)) ?? null;
      case 'HMGET':
        return args.map((field) => this.#entries(key, 'hash').get(String(field)) ?? null);
      case 'LLEN':
        return this.#items(key).length;
      case 'LINDEX':
        return this.#items(key).at(Number(first)) ?? null;
      default:
        throw new Error(`a projection reads with ${command}, which a fold in memory does not know`);
    }
  }

  #write([command, key, ...args]: RedisCommand): void {
    switch (command) {
      case 'HSET':
        this.#setAll(this.#entries(key, 'hash'), args);
        return;
      case 'ZADD': {
        const set = this.#entries(key, 'zset');
        for (let at = 0; at < args.length; at += 2) this.#set(set, String(args[at + 1]), String(args[at]));
        return;
      }
      case 'SADD':
        for (const member of args) this.#set(this.#entries(key, 'set'), String(member), '1');
        return;
      case 'HDEL':
        this.#delete(key, this.#entries(key, 'hash'), args);
        return;
      case 'ZREM':
        this.#delete(key, this.#entries(key, 'zset'), args);
        return;
      case 'ZREMRANGEBYRANK': {
        const set = this.#entries(key, 'zset');
        const stop = Number(args[1]) < 0 ? set.size + Number(args[1]) : Number(args[1]);
        if (stop >= Number(args[0])) this.#delete(key, set, ranked(set).slice(Number(args[0]), stop + 1));
        return;
      }
      case 'RPUSH':
        for (const item of args) {
          this.#items(key).push(String(item));
          this.#bytes += String(item).length + entryOverheadBytes;
        }
        return;
      case 'LSET': {
        const [items, index, item] = [this.#items(key), Number(args[0]), String(args[1])];
        this.#bytes += item.length - (items[index]?.length ?? 0);
        items[index] = item;
        return;
      }
      default:
        throw new Error(`a projection writes with ${command}, which a fold in memory does not know`);
    }
  }

  #setAll(entries: Map<string, string>, args: readonly (string | number)[]): void {
    for (let at = 0; at < args.length; at += 2) this.#set(entries, String(args[at]), String(args[at + 1]));
  }

  #set(entries: Map<string, string>, entry: string, text: string): void {
    const before = entries.get(entry);
    this.#bytes += before === undefined ? entry.length + text.length + entryOverheadBytes : text.length - before.length;
    entries.set(entry, text);
  }

  /** Redis has no empty collections. */
  #delete(key: string, entries: Map<string, string>, names: readonly (string | number)[]): void {
    for (const name of names) {
      const before = entries.get(String(name));
      if (before === undefined) continue;
      entries.delete(String(name));
      this.#bytes -= String(name).length + before.length + entryOverheadBytes;
    }
    if (entries.size === 0) this.contents.delete(key);
  }

  #entries(key: string, type: 'hash' | 'zset' | 'set'): Map<string, string> {
    const content = this.contents.get(key);
    if (content?.type === type) return content.entries;
    if (content) throw new Error(`${key} is a ${content.type} and no ${type}`);
    const entries = new Map<string, string>();
    this.contents.set(key, { type, entries });
    return entries;
  }

  #items(key: string): string[] {
    const content = this.contents.get(key);
    if (content?.type === 'list') return content.items;
    if (content) throw new Error(`${key} is a ${content.type} and no list`);
    const items: string[] = [];
    this.contents.set(key, { type: 'list', items });
    return items;
  }
}

/** The members of a sorted set by score, then by their characters, which are ASCII. */
function ranked(set: ReadonlyMap<string, string>): string[] {
  return [...set]
    .sort(([a, scoreOfA], [b, scoreOfB]) => Number(scoreOfA) - Number(scoreOfB) || (a < b ? -1 : 1))
    .map(([member]) => member);
}
