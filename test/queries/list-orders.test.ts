import { expect } from 'chai';
import { getOrder } from '../../src/queries/get-order.js';
import { queryLimits } from '../../src/queries/limits.js';
import { listOrders } from '../../src/queries/lists/list-orders.js';
import type { OrderFilters } from '../../src/queries/lists/order-filters.js';
import { appender, event, orderIdIn, place, startProjector } from '../support/events.js';
import { projected, queriesOf } from '../support/read-models.js';
import { createTestLog, type TestLog } from '../support/servers.js';

describe('listOrders', () => {
  let log: TestLog;
  /** Newest first: by time, then by id. All orders have the same time. */
  let newestFirst: string[];
  before(async () => {
    log = await createTestLog(4);
    const append = appender(log);
    // Nearly all orders are in one partition, which the expected share of a page does not cover.
    const ids = Array.from({ length: 90 }, (_, nth) => orderIdIn(nth % 15 === 0 ? 3 : 1, 4));
    for (const id of ids) await place(append, id);
    const { stop } = await startProjector(log);
    await projected(log);
    await stop();
    newestFirst = ids.toSorted().reverse();
  });
  after(() => log.close());

  async function idsOf(filters: OrderFilters, limit: number): Promise<string[][]> {
    const pages: string[][] = [];
    let cursor: string | undefined;
    do {
      const page = await listOrders(queriesOf(log), filters, limit, cursor);
      if (page === 'invalid-cursor') throw new Error('a cursor of the list was rejected');
      pages.push(page.orders.map((json) => JSON.parse(json).order_id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return pages;
  }

  const queries: [orders: string, filters: OrderFilters][] = [
    ['all orders', {}],
    ['the orders of a user', { userId: 'u-1' }],
    ['the orders of one status and payment status', { statuses: ['pending'], paymentStatuses: ['unpaid'] }],
    ['the orders of one status, from several sets per partition', { statuses: ['pending'] }],
  ];
  for (const [orders, filters] of queries) {
    it(`a page holds the newest of ${orders}, even if most of them are in one partition`, async () => {
      for (const limit of [1, 7, 50, 200]) {
        const pages = await idsOf(filters, limit);
        expect(pages.flat(), `pages of ${limit}`).to.deep.equal(newestFirst);
        expect(pages.slice(0, -1).every(({ length }) => length === limit)).to.equal(true);
      }
    });
  }

  it('no reader sees an order with lines of another version, while its events are applied', async () => {
    const changing = await createTestLog(1);
    try {
      const append = appender(changing);
      const orderId = orderIdIn(0, 1);
      // The total says how many lines the order has.
      const lines = (count: number) =>
        Array.from({ length: count }, () => ({ item_id: 'a', quantity: 1, unit_price_minor: 100 }));
      const data = { user_id: 'u', currency: 'USD', total_minor: 20_000, items: lines(200), metadata: {} };
      await append({ orderId, expectedVersion: 0, events: [event('OrderPlaced', data)] });
      const { stop } = await startProjector(changing);
      await projected(changing);
      let isChanging = true;
      const models = queriesOf(changing);
      const seen = new Set<number>();
      const check = (json: string) => {
        const order = JSON.parse(json) as { total_amount: number; items: unknown[] };
        expect(order.items).to.have.length(order.total_amount);
        seen.add(order.items.length);
      };
      const readers = [
        async () => check((await getOrder(models, orderId))?.json ?? ''),
        async () => {
          const page = await listOrders(models, {}, 10);
          for (const json of page === 'invalid-cursor' ? [] : page.orders) check(json);
        },
      ].map(async (read) => {
        while (isChanging) await read();
      });
      for (let version = 1; version <= 100; version += 1) {
        // Every fourth time the order is so small that it has no second entry.
        const count = version % 4 === 0 ? 3 : 200 + version;
        const amended = { total_minor: 100 * count, items: lines(count), reason: null };
        await append({ orderId, expectedVersion: version, events: [event('OrderAmended', amended)] });
      }
      await projected(changing);
      isChanging = false;
      await Promise.all(readers);
      expect(seen.size).to.be.greaterThan(5);
      await stop();
    } finally {
      await changing.close();
    }
  });

  it('a page ends early at its limit of characters, and the cursor continues after it', async () => {
    const large = await createTestLog(4);
    try {
      const append = appender(large);
      const items = Array.from({ length: 500 }, (_, nth) => ({
        item_id: `${nth}`.padEnd(200, '-'),
        quantity: 1,
        unit_price_minor: 1,
      }));
      const data = { user_id: 'u-1', currency: 'USD', total_minor: 500, items, metadata: {} };
      const ids = Array.from({ length: 20 }, (_, nth) => orderIdIn(nth % 4, 4));
      for (const orderId of ids) await append({ orderId, expectedVersion: 0, events: [event('OrderPlaced', data)] });
      const { stop } = await startProjector(large);
      await projected(large);
      await stop();
      for (const limit of [1, 10, 200]) {
        const pages: string[][] = [];
        let cursor: string | undefined;
        do {
          const page = await listOrders(queriesOf(large), {}, limit, cursor);
          if (page === 'invalid-cursor') throw new Error('a cursor of the list was rejected');
          expect(page.orders.join('').length).to.be.within(1, queryLimits.maxPageLength);
          pages.push(page.orders.map((json) => JSON.parse(json).order_id));
          cursor = page.nextCursor ?? undefined;
        } while (cursor !== undefined);
        expect(pages.flat(), `pages of ${limit}`).to.deep.equal(ids.toSorted().reverse());
        // An order is about 250,000 characters long.
        expect(Math.max(...pages.map(({ length }) => length))).to.equal(Math.min(limit, 4));
      }
    } finally {
      await large.close();
    }
  });

  it('a filter that matches nothing costs few round trips, whatever the limit', async () => {
    await log.redis.config('RESETSTAT');
    const page = await listOrders(queriesOf(log), { userId: 'u-1', currency: 'EUR' }, 1);
    expect(page).to.deep.equal({ orders: [], nextCursor: null });
    const calls = /cmdstat_zrange:calls=(\d+)/.exec(await log.redis.info('commandstats'))?.[1];
    // Pages of 2, 4, 8, … members from four partitions, and a second read of the larger partition.
    expect(Number(calls)).to.be.within(1, 40);
  });

  it('a page reads each order once, and no more than one set per partition for the newest of all', async () => {
    await listOrders(queriesOf(log), {}, 5);
    await log.redis.config('RESETSTAT');
    await listOrders(queriesOf(log), {}, 40);
    const stats = await log.redis.info('commandstats');
    const calls = (command: string) => Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    expect({ hget: calls('hget'), hstrlen: calls('hstrlen'), evalsha: calls('evalsha') }).to.deep.equal({
      ...{ hget: 41, hstrlen: 0, evalsha: 2 },
    });
    // Of the four partitions, the largest is read to the end of the page, and two have no order.
    expect(calls('zrange')).to.be.within(5, 5 + 2 * 40);
  });

  it('a filtered list of a user reads no order that does not match, however many the user has', async () => {
    const filters: OrderFilters[] = [
      { userId: 'u-1', statuses: ['delivered', 'cancelled'] },
      { userId: 'u-1', statuses: ['pending'], paymentStatuses: ['paid', 'refunded'] },
      { userId: 'u-1', onHold: true },
      { reference: '#1' },
    ];
    for (const filter of filters) {
      await listOrders(queriesOf(log), filter, 50);
      await log.redis.config('RESETSTAT');
      expect(await listOrders(queriesOf(log), filter, 50)).to.deep.equal({ orders: [], nextCursor: null });
      expect(await log.redis.info('commandstats'), JSON.stringify(filter)).not.to.match(/cmdstat_(hget|hstrlen):/);
    }
  });
});
