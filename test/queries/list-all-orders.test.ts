import { expect } from 'chai';
import { utcTime } from '../../src/orders/values/utc-time.js';
import { listOrders } from '../../src/queries/lists/list-orders.js';
import type { OrderFilters } from '../../src/queries/lists/order-filters.js';
import { newestEntries, orderStatus, orderStatusKeys, placedMember } from '../../src/read-models/order-status.js';
import { appender, event, orderIdIn, placedEvent, startProjector } from '../support/events.js';
import { projected, queriesOf } from '../support/read-models.js';
import { createTestLog, type TestLog } from '../support/servers.js';

const partitions = 2;
const startMs = Date.UTC(2026, 0, 1);

describe('The list of all orders', () => {
  let log: TestLog;
  /** Far more than the newest orders of the partitions, in the order of the list. */
  let newestFirst: { readonly orderId: string; readonly placedAt: string }[];
  before(async () => {
    log = await createTestLog(partitions);
    const append = appender(log);
    // An import adds old orders after new ones. Up to three orders have the same time.
    const orders = Array.from({ length: 4 * newestEntries }, (_, nth) => ({
      orderId: orderIdIn(nth % 5 === 0 ? 0 : 1, partitions),
      placedAt: utcTime(startMs + 1_000 * Math.floor(((nth * 617) % (4 * newestEntries)) / 3)),
    }));
    const { stop } = await startProjector(log);
    await Promise.all(
      orders.map(({ orderId, placedAt }) =>
        append({ orderId, expectedVersion: 0, events: [{ ...placedEvent(), occurredAt: placedAt }] }),
      ),
    );
    await projected(log);
    await stop();
    newestFirst = orders.toSorted((a, b) => (memberOf(a) < memberOf(b) ? 1 : -1));
  });
  after(() => log.close());

  const memberOf = ({ placedAt, orderId }: { placedAt: string; orderId: string }) => placedMember(placedAt, orderId);

  async function idsOf(filters: OrderFilters, limit: number): Promise<string[]> {
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listOrders(queriesOf(log), filters, limit, cursor);
      if (page === 'invalid-cursor') throw new Error('a cursor of the list was rejected');
      ids.push(...page.orders.map((json) => JSON.parse(json).order_id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return ids;
  }

  it('holds each order once, newest first, also those that are not among the newest of their partition', async () => {
    for (const limit of [9, 50, 200]) {
      expect(await idsOf({}, limit), `pages of ${limit}`).to.deep.equal(newestFirst.map(({ orderId }) => orderId));
    }
  });

  it('begins and ends at the times of its filters, whichever orders are among the newest', async () => {
    const seconds = [0, 100, 200, 300, 341, 500];
    for (const from of seconds) {
      for (const to of seconds.filter((second) => second > from)) {
        const [placedFromMs, placedToMs] = [startMs + 1_000 * from, startMs + 1_000 * to];
        const expected = newestFirst.filter(
          ({ placedAt }) => Date.parse(placedAt) >= placedFromMs && Date.parse(placedAt) < placedToMs,
        );
        const ids = await idsOf({ placedFromMs, placedToMs }, 60);
        expect(ids, `${from} to ${to}`).to.deep.equal(expected.map(({ orderId }) => orderId));
      }
    }
  });

  it('shows no order twice and skips none while orders are placed and change', async () => {
    const append = appender(log);
    const { stop } = await startProjector(log);
    const ids: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; ; page += 1) {
      const changing = newestFirst[(page * 37) % newestFirst.length]?.orderId ?? '';
      const paid = event('OrderPaid', { amount_minor: 1, payment_reference: null });
      await append({ orderId: changing, expectedVersion: 1, events: [paid] });
      const placed = { ...placedEvent(), occurredAt: utcTime(startMs + 400_000 + page) };
      await append({ orderId: orderIdIn(page % partitions, partitions), expectedVersion: 0, events: [placed] });
      const read = await listOrders(queriesOf(log), {}, 30, cursor);
      if (read === 'invalid-cursor') throw new Error('a cursor of the list was rejected');
      ids.push(...read.orders.map((json) => JSON.parse(json).order_id));
      cursor = read.nextCursor ?? undefined;
      if (cursor === undefined) break;
    }
    await projected(log);
    await stop();
    const known = new Set(newestFirst.map(({ orderId }) => orderId));
    expect(ids.filter((id) => known.has(id))).to.deep.equal(newestFirst.map(({ orderId }) => orderId));
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('is read from a set of the newest orders of each partition, which does not grow', async () => {
    const id = { name: orderStatus.name, generation: 1 };
    for (let partition = 0; partition < partitions; partition += 1) {
      const { newest } = orderStatusKeys(log.keys.partition(id, partition));
      expect(await log.redis.zcard(newest)).to.be.at.most(newestEntries);
    }
    await listOrders(queriesOf(log), {}, 50);
    await log.redis.config('RESETSTAT');
    await listOrders(queriesOf(log), {}, 50);
    expect(await log.redis.info('commandstats')).not.to.match(/cmdstat_evalsha:/);
    await log.redis.config('RESETSTAT');
    const page = await listOrders(queriesOf(log), { placedFromMs: startMs + 500_000 }, 50);
    expect(page).to.deep.equal({ orders: [], nextCursor: null });
    expect(await log.redis.info('commandstats'), 'no order before the time').not.to.match(/cmdstat_(hget|evalsha):/);
  });
});
