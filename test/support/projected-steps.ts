import { expect } from 'chai';
import type { StoredEvent } from '../../src/event-log/stored-event.js';
import type { OrderEventType } from '../../src/orders/events.js';
import { currentSchema } from '../../src/orders/upcast.js';
import { utcTime } from '../../src/orders/values/utc-time.js';
import type { ProjectedEvent, Projection, ReadKeys } from '../../src/projections/projection.js';
import { type Content, MemoryStore } from '../../src/projector/dry-run/memory-store.js';
import { decodeEvents } from '../../src/projector/steps/decode-events.js';
import { startCheckpoint } from '../../src/read-models/checkpoint.js';
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

/** The keys of a read model, in memory, and the reads of them. */
export class KeysInMemory {
  readonly #store = new MemoryStore(Number.POSITIVE_INFINITY);
  /** The commands that read. A field of a hash that was read is an HGET. */
  readonly reads: RedisCommand[] = [];

  readonly read: ReadKeys = Object.assign(
    async (commands: readonly RedisCommand[]) => {
      this.reads.push(...commands);
      return await this.#store.read(commands);
    },
    {
      fields: async (entries: readonly (readonly [string, string])[]) => {
        this.reads.push(...entries.map((entry): RedisCommand => ['HGET', ...entry]));
        return await this.#store.read.fields(entries);
      },
    },
  );

  async apply(writes: readonly RedisCommand[]): Promise<void> {
    const generation = { name: 'a projection', generation: 0 };
    await this.#store.apply(0, [{ generation, from: startCheckpoint, to: startCheckpoint, writes: [...writes] }]);
  }

  get hashes(): ReadonlyMap<string, ReadonlyMap<string, string>> {
    return this.#ofType((content) => (content.type === 'hash' ? content.entries : undefined));
  }

  /** Sets and sorted sets. */
  get sets(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#ofType((content) =>
      content.type === 'set' || content.type === 'zset' ? new Set(content.entries.keys()) : undefined,
    );
  }

  get lists(): ReadonlyMap<string, readonly string[]> {
    return this.#ofType((content) => (content.type === 'list' ? content.items : undefined));
  }

  /** Everything that is there, for comparisons. Neither keys nor entries have an order. */
  contents(): unknown[] {
    const all = [...this.#store.contents].map(([key, content]): [string, unknown[]] => [
      key,
      content.type === 'list' ? content.items : [...content.entries].toSorted(),
    ]);
    return all.filter(([, entries]) => entries.length > 0).toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  #ofType<Value>(show: (content: Content) => Value | undefined): Map<string, Value> {
    const found = [...this.#store.contents].flatMap(([key, content]): [string, Value][] => {
      const value = show(content);
      return value === undefined ? [] : [[key, value]];
    });
    return new Map(found);
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
  await keys.apply(projection.project(events, plainKeys, state));
  return state;
}
