import { expect } from 'chai';
import { LogEpochs } from '../../src/log-epochs.js';
import { listUpdated } from '../../src/queries/lists/list-updated.js';
import type { OrderFilters } from '../../src/queries/lists/order-filters.js';
import { lookUpServed } from '../../src/queries/live-generation.js';
import { orderStatus } from '../../src/read-models/order-status.js';
import { ReadModelUnavailable } from '../../src/read-models/read-model-unavailable.js';
import { appender, noteEvent, orderIdIn, place, startProjector } from '../support/events.js';
import { projected, queriesOf } from '../support/read-models.js';
import { createTestLog, type TestLog } from '../support/servers.js';

describe('listUpdated', () => {
  let log: TestLog;
  let stop: () => Promise<void>;
  let append: ReturnType<typeof appender>;
  beforeEach(async () => {
    log = await createTestLog(4);
    append = appender(log);
    ({ stop } = await startProjector(log));
  });
  afterEach(async () => {
    await stop();
    await log.close();
  });

  async function placeSome(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, nth) => orderIdIn(nth % 7 === 0 ? 1 : 2, 4));
    for (const id of ids) {
      await place(append, id);
      await nextMillisecond();
    }
    await projected(log);
    return ids;
  }
  /** Orders of several partitions that change in the same millisecond have no order of time. */
  async function nextMillisecond(): Promise<void> {
    const now = Date.now();
    while (Date.now() === now) await new Promise((resolve) => setImmediate(resolve));
  }
  const note = async (orderId: string, version: number) => {
    await append({ orderId, expectedVersion: version, events: [noteEvent('x')] });
    await nextMillisecond();
  };

  async function page(limit: number, cursor?: string, filters: OrderFilters & { updatedSinceMs?: number } = {}) {
    const found = await listUpdated(queriesOf(log), filters, limit, cursor);
    if (found === 'invalid-cursor' || 'lost' in found) throw new Error('a cursor was rejected');
    const orders = found.orders.map((json) => JSON.parse(json) as { order_id: string; updated_at: string });
    return { orders, ids: orders.map(({ order_id }) => order_id), next: found.nextCursor ?? '' };
  }

  it('a client that follows the cursors gets every change, oldest first, and each order as it is now', async () => {
    const ids = await placeSome(30);
    for (const limit of [1, 4, 200]) {
      const seen: string[] = [];
      let next: string | undefined;
      for (;;) {
        const { ids: some, next: after } = await page(limit, next);
        next = after;
        if (some.length === 0) break;
        expect(some.length).to.be.at.most(limit);
        seen.push(...some);
      }
      expect(seen, `pages of ${limit}`).to.deep.equal(ids);
    }
    const { next } = await page(200);
    expect((await page(200, next)).next).to.equal(next);
    await note(ids[3] ?? '', 1);
    await note(ids[7] ?? '', 1);
    await note(ids[3] ?? '', 2);
    await projected(log);
    expect((await page(200, next)).ids).to.deep.equal([ids[7], ids[3]]);
    expect((await page(200)).ids).to.deep.equal([
      ...ids.filter((id) => id !== ids[7] && id !== ids[3]),
      ids[7],
      ids[3],
    ]);
  });

  it('an order that changes between two pages comes again, and no other order is left out', async () => {
    const ids = await placeSome(20);
    const first = await page(5);
    await note(first.ids[2] ?? '', 1);
    await note(ids[10] ?? '', 1);
    await projected(log);
    const rest = await page(200, first.next);
    expect(rest.ids).to.deep.equal([...ids.slice(5).filter((id) => id !== ids[10]), ...[first.ids[2], ids[10]]]);
  });

  it('updated_since begins with the first change at that time, whatever the partition', async () => {
    const ids = await placeSome(25);
    const { orders } = await page(200);
    for (const at of [0, 6, 13, 24]) {
      const since = Date.parse(orders[at]?.updated_at ?? '');
      const expected = orders
        .filter(({ updated_at }) => Date.parse(updated_at) >= since)
        .map(({ order_id }) => order_id);
      expect((await page(200, undefined, { updatedSinceMs: since })).ids).to.deep.equal(expected);
    }
    const end = Date.parse(orders[24]?.updated_at ?? '') + 1;
    const { ids: none, next } = await page(200, undefined, { updatedSinceMs: end });
    expect(none).to.deep.equal([]);
    await note(ids[0] ?? '', 1);
    await projected(log);
    expect((await page(200, next, { updatedSinceMs: end })).ids).to.deep.equal([ids[0]]);
  });

  it('a cursor of a query with updated_since continues without it', async () => {
    const ids = await placeSome(12);
    const { orders } = await page(200);
    const filters = { updatedSinceMs: Date.parse(orders[6]?.updated_at ?? ''), userId: 'u-1' };
    const { ids: first, next } = await page(2, undefined, filters);
    expect(first).to.deep.equal(ids.slice(6, 8));
    expect((await page(200, next, { userId: 'u-1' })).ids).to.deep.equal(ids.slice(8));
    expect(await listUpdated(queriesOf(log), {}, 2, next)).to.equal('invalid-cursor');
  });

  it('updated_since leaves older changes out also where its search ended too early', async () => {
    const ids = await placeSome(12);
    const { orders } = await page(200);
    const { next: early } = await page(2);
    const filters = { updatedSinceMs: Date.parse(orders[6]?.updated_at ?? '') };
    const { ids: expected } = await page(200, undefined, filters);
    expect(expected).to.deep.equal(ids.slice(6));
    // The search ends too early if an order changes while it is read. This is such a beginning.
    expect((await page(200, early, filters)).ids).to.deep.equal(expected);
  });

  it('reads more per round trip while no order matches', async () => {
    await placeSome(40);
    const models = queriesOf(log);
    let roundTrips = 0;
    let isSending = false;
    const redis = new Proxy(log.redis, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          // The commands of a round trip are sent one right after the other.
          if (name === 'sendCommand' && !isSending) {
            roundTrips += 1;
            isSending = true;
            queueMicrotask(() => {
              isSending = false;
            });
          }
          return Reflect.apply(value, target, args);
        };
      },
    });
    expect(await listUpdated({ ...models, redis }, { userId: 'u-2' }, 1)).to.deep.include({ orders: [] });
    expect(roundTrips).to.be.within(1, 16);
  });

  it('filters leave orders out, and the cursor belongs to them', async () => {
    await placeSome(4);
    const { next } = await page(2);
    expect((await page(200, undefined, { userId: 'u-2' })).ids).to.deep.equal([]);
    expect(await listUpdated(queriesOf(log), { userId: 'u-1' }, 2, next)).to.equal('invalid-cursor');
    expect(await listUpdated(queriesOf(log), {}, 2, `A${next}`)).to.equal('invalid-cursor');
  });

  it('a cursor from before a restore is valid up to the epoch’s start, and names what was lost beyond it', async () => {
    await placeSome(14);
    const early = (await page(2)).next;
    const late = (await page(200)).next;
    const startsAfter = new Map([0, 1, 2, 3].map((partition) => [partition, 2]));
    const epoch = { name: '2-9f3a01bc', startedAt: '2026-01-01T00:00:00.000Z', clockReset: false, startsAfter };
    const models = { ...queriesOf(log), epochs: new LogEpochs([epoch]) };
    expect(await listUpdated(models, {}, 2, early)).to.have.property('orders');
    expect(await listUpdated(models, {}, 2, late)).to.deep.equal({ lost: { partition: 2, position: 12, epoch: '1' } });
  });

  it('a cursor passes no change by if Redis comes back with an older state between two reads', async () => {
    const [id = ''] = await placeSome(1);
    const partition = 1;
    await note(id, 1);
    await projected(log);
    const { next } = await page(10);
    await stop();
    // As if the index had been read before Redis went away, and the orders after it came back.
    const { reader } = await lookUpServed(queriesOf(log), orderStatus);
    const key = log.keys.checkpoint(reader.id, partition);
    const checkpoint = (await log.redis.get(key)) ?? expect.fail('no checkpoint');
    await log.redis.set(key, checkpoint.replace(/^2/, '1'));
    const failure = await page(10).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ReadModelUnavailable);
    expect(await page(10, next), 'nothing is there yet').to.deep.equal({ orders: [], ids: [], next });
  });
});
