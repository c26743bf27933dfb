import { expect } from 'chai';
import { getOrder } from '../../src/queries/get-order.js';
import { getOrderHistory } from '../../src/queries/history/get-order-history.js';
import { listOrders } from '../../src/queries/lists/list-orders.js';
import { appender, event, orderIdIn, startProjector } from '../support/events.js';
import { projected, queriesOf } from '../support/read-models.js';
import { createTestLog, type TestLog } from '../support/servers.js';

describe('Queries of large orders', () => {
  const orderId = orderIdIn(0, 1);
  let log: TestLog;
  before(async () => {
    log = await createTestLog(1);
    const items = Array.from({ length: 3_000 }, (_, nth) => ({
      ...{ item_id: `${nth}`.padEnd(100, '-'), quantity: 1, unit_price_minor: 100 },
    }));
    const data = { user_id: 'u', currency: 'USD', total_minor: 300_000, items, metadata: {} };
    await appender(log)({ orderId, expectedVersion: 0, events: [event('OrderPlaced', data)] });
    const { stop } = await startProjector(log);
    await projected(log);
    await stop();
  });
  after(() => log.close());

  const queries: [what: string, query: () => Promise<unknown>][] = [
    ['orders', () => getOrder(queriesOf(log), orderId)],
    ['pages of orders', () => listOrders(queriesOf(log), {}, 10)],
    ['histories', () => getOrderHistory(queriesOf(log), orderId)],
  ];
  for (const [what, query] of queries) {
    it(`${what} that are read at the same time are not computed in one turn of the event loop`, async () => {
      await query();
      let turn = 0;
      let counting: NodeJS.Immediate | undefined;
      const count = () => {
        turn += 1;
        counting = setImmediate(count);
      };
      count();
      const turns: number[] = [];
      try {
        await Promise.all(
          Array.from({ length: 30 }, async () => {
            expect(await query()).to.be.an('object');
            turns.push(turn);
          }),
        );
      } finally {
        clearImmediate(counting);
      }
      expect(new Set(turns).size).to.be.above(1);
    });
  }
});
