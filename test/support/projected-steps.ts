import { expect } from 'chai';
import type { StoredEvent } from '../../src/event-log/stored-event.js';
import type { OrderEventType } from '../../src/orders/events.js';
import { currentSchema } from '../../src/orders/upcast.js';
import { utcTime } from '../../src/orders/values/utc-time.js';
import type { ProjectedEvent, Projection, ReadKeys } from '../../src/projections/projection.js';
import { decodeEvents } from '../../src/projector/steps/decode-events.js';
import type { PartitionKeys } from '../../src/read-models/keys.js';
import type { RedisCommand } from '../../src/read-models/redis/redis-command.js';
import { orderId } from './given.js';

/** Keys without a prefix. */
export const plainKeys: PartitionKeys = (...names) => names.join(':');

/** An event of `orderId`, or of another order. */
export type Given = readonly [type: string, data: object, order?: string | undefined];

/** The time of the first event. */
const startMs = Date.UTC(2026, 0, 1);

/** Events from position 1 on. @param everyMs between the times of two events. */
export async function projectedEvents(given: readonly Given[], everyMs = 1_000): Promise<ProjectedEvent[]> {
  const versions = new Map<string, number>();
  const all = given.map(([type, data, order = orderId], index): StoredEvent => {
    const version = (versions.get(order) ?? 0) + 1;
    versions.set(order, version);
    const time = utcTime(startMs + index * everyMs);
    return {
      ...{ partition: 0, position: index + 1, orderId: order, version, type, data: JSON.stringify(data) },
      ...{
        metadata: JSON.stringify({ schema: currentSchema(type as OrderEventType), actor: 'a' }),
        occurredAt: time,
        recordedAt: time,
        hash: Buffer.alloc(32),
      },
    };
  });
  const decoded = await decodeEvents(all, async (events) => [...events]);
  return decoded.map(({ event, error }) => event ?? expect.fail(String(error)));
}

/** The keys of a read model, in memory. It knows the commands that projections use. */
export class KeysInMemory {
  readonly hashes = new Map<string, Map<string, string>>();
  readonly sets = new Map<string, Set<string>>();
  readonly lists = new Map<string, string[]>();
  /** The commands that read, and the fields of hashes that were read. */
  readonly reads: RedisCommand[] = [];

  readonly read: ReadKeys = Object.assign(
    async (commands: readonly RedisCommand[]) => {
      this.reads.push(...commands);
      return commands.map((command) => this.#reply(command));
    },
    {
      fields: async (entries: readonly (readonly [string, string])[]) => {
        this.reads.push(...entries.map((entry): RedisCommand => ['HGET', ...entry]));
        return entries.map(([hash, field]) => this.hashes.get(hash)?.get(field) ?? null);
      },
    },
  );

  apply(commands: readonly RedisCommand[]): void {
    for (const [name, key, ...given] of commands as readonly (readonly [string, string, ...unknown[]])[]) {
      const words = given.map(String);
      if (name === 'HSET') for (const [field, value] of pairs(words)) entryOf(this.hashes, key, Map).set(field, value);
      else if (name === 'HDEL') for (const field of words) this.hashes.get(key)?.delete(field);
      else if (name === 'SADD') for (const member of words) entryOf(this.sets, key, Set).add(member);
      else if (name === 'ZADD') for (const [, member] of pairs(words)) entryOf(this.sets, key, Set).add(member);
      else if (name === 'ZREM') for (const member of words) this.sets.get(key)?.delete(member);
      else if (name === 'ZREMRANGEBYRANK') this.sets.set(key, new Set(keptByRank(this.sets.get(key) ?? [], words)));
      else if (name === 'RPUSH') entryOf(this.lists, key, Array).push(...words);
      else if (name === 'LSET') entryOf(this.lists, key, Array).splice(Number(words[0]), 1, String(words[1]));
      else throw new Error(`the keys in memory do not know ${name}`);
    }
  }

  /** Everything that is there, for comparisons. Neither hashes nor sets have an order. */
  contents(): object {
    const sorted = <Value, Shown>(all: ReadonlyMap<string, Value>, show: (value: Value) => Shown) =>
      [...all].map(([key, value]) => [key, show(value)] as const).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return {
      hashes: sorted(this.hashes, (fields) => sorted(fields, (value) => value)),
      sets: sorted(this.sets, (members) => [...members].toSorted()).filter(([, members]) => members.length > 0),
      lists: sorted(this.lists, (entries) => entries),
    };
  }

  #reply([name, key, ...words]: RedisCommand): unknown {
    const [hash, list] = [this.hashes.get(String(key)), this.lists.get(String(key)) ?? []];
    if (name === 'HMGET') return words.map((field) => hash?.get(String(field)) ?? null);
    if (name === 'LLEN') return list.length;
    if (name === 'LINDEX') return list[Number(words[0])] ?? null;
    throw new Error(`the keys in memory do not know ${name}`);
  }
}

/** Applies one step. Returns the state after it. */
export async function step<State>(
  projection: Projection<State>,
  keys: KeysInMemory,
  events: readonly ProjectedEvent[],
  last?: State,
): Promise<State> {
  const state = await projection.load(events, plainKeys, keys.read, last);
  keys.apply(projection.project(events, plainKeys, state));
  return state;
}

function pairs(words: readonly string[]): [string, string][] {
  return words.flatMap((word, index): [string, string][] => (index % 2 === 0 ? [[word, words[index + 1] ?? '']] : []));
}

/** The members without those from a first rank to a last one, which is counted from the end. */
function keptByRank(members: Iterable<string>, [first, last]: readonly string[]): string[] {
  const sorted = [...members].toSorted();
  return sorted.toSpliced(Number(first), Math.max(0, sorted.length + Number(last) + 1 - Number(first)));
}

function entryOf<Value>(all: Map<string, Value>, key: string, type: new () => Value): Value {
  const value = all.get(key) ?? new type();
  all.set(key, value);
  return value;
}
