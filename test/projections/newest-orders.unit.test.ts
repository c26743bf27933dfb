import { expect } from 'chai';
import type { StoredEvent } from '../../src/event-log/stored-event.js';
import { orderStatusProjection } from '../../src/projections/order-status.js';
import type { ProjectedEvent } from '../../src/projections/projection.js';
import { MemoryStore } from '../../src/projector/dry-run/memory-store.js';
import { decodeEvents } from '../../src/projector/steps/decode-events.js';
import { startCheckpoint } from '../../src/read-models/checkpoint.js';
import { newestEntries, oldestMember, placedMember } from '../../src/read-models/order-status.js';

const orders = newestEntries + 100;
const generation = { name: 'order-status', generation: 1 };

/** Orders are placed in the order of their ids, an import has their times in another one. */
async function placedOrders(count: number): Promise<{ events: ProjectedEvent[]; members: string[] }> {
  const members: string[] = [];
  const stored = Array.from({ length: count }, (_, nth): StoredEvent => {
    const orderId = `018f0000-0000-7000-8000-${String(nth).padStart(12, '0')}`;
    const occurredAt = new Date(Date.UTC(2026, 0, 1) + ((nth * 211) % orders)).toISOString();
    members.push(placedMember(occurredAt, orderId));
    const data = { user_id: 'u', currency: 'USD', total_minor: 0, items: [], metadata: {} };
    return {
      ...{ partition: 0, position: nth + 1, orderId, version: 1, type: 'OrderPlaced', data: JSON.stringify(data) },
      ...{ metadata: '{"schema":1}', occurredAt, recordedAt: occurredAt, hash: Buffer.alloc(32) },
    };
  });
  const events = (await decodeEvents(stored, async (all) => [...all])).flatMap(({ event }) => event ?? []);
  return { events, members };
}

/** The members of the set after steps of this size. */
async function newestAfter(events: readonly ProjectedEvent[], eventsPerStep: number): Promise<string[]> {
  const store = new MemoryStore(Number.MAX_SAFE_INTEGER);
  const key = (...names: string[]) => names.join(':');
  for (let at = 0; at < events.length; at += eventsPerStep) {
    const step = events.slice(at, at + eventsPerStep);
    const state = await orderStatusProjection.load(step, key, store.read);
    const writes = orderStatusProjection.project(step, key, state);
    await store.apply(0, [{ generation, from: startCheckpoint, to: startCheckpoint, writes }]);
  }
  const content = store.contents.get('newest');
  return content && content.type !== 'list' ? [...content.entries.keys()].sort() : [];
}

describe('The newest orders of a partition', () => {
  for (const eventsPerStep of [1, 7, 300, orders]) {
    it(`are the same in steps of ${eventsPerStep} events, in whatever order they were placed`, async () => {
      const { events, members } = await placedOrders(orders);
      expect(await newestAfter(events, eventsPerStep)).to.deep.equal(members.sort().slice(-newestEntries));
    });
  }

  it('say that they are all, until there are too many', async () => {
    const all = await placedOrders(newestEntries - 1);
    expect(await newestAfter(all.events, 10)).to.deep.equal([oldestMember, ...all.members.sort()]);
    const more = await placedOrders(newestEntries);
    expect(await newestAfter(more.events, 10)).to.deep.equal(more.members.sort());
  });
});
