import { expect } from 'chai';
import { listOrders, type OrderFilters } from '../../src/queries/list-orders.js';
import { appender, orderIdIn, place, startProjector } from '../support/events.js';
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
      pages.push(page.orders.map(({ order_id }) => order_id));
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    return pages;
  }

  const queries: [orders: string, filters: OrderFilters][] = [
    ['all orders', {}],
    ['the orders of a user', { userId: 'u-1' }],
    ['the orders of one status and payment status', { status: 'pending', paymentStatus: 'unpaid' }],
    ['the orders of one status, from several sets per partition', { status: 'pending' }],
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
});
