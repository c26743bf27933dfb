import { expect } from 'chai';
import { allProjections } from '../../src/projections/all-projections.js';
import type { GenerationReader } from '../../src/queries/generation-reader.js';
import { getOrder } from '../../src/queries/get-order.js';
import { getOrderHistory } from '../../src/queries/history/get-order-history.js';
import { listOrders } from '../../src/queries/lists/list-orders.js';
import { lookUpServed, type ReadModels } from '../../src/queries/live-generation.js';
import { countTurns } from '../support/count-turns.js';
import { appender, event, orderIdIn, startProjector } from '../support/events.js';
import { projected, queriesOf } from '../support/read-models.js';
import { createTestLog, type TestLog } from '../support/servers.js';

/**
 * A reader that asks Redis only once, so that the replies to many queries arrive in one turn of the
 * event loop, as those of one packet do.
 */
function rememberReplies(reader: GenerationReader): GenerationReader {
  const replies = new Map<string, Promise<unknown>>();
  const remember = <Reply>(what: unknown[], ask: () => Promise<Reply>): Promise<Reply> => {
    const name = JSON.stringify(what);
    const reply = replies.get(name) ?? ask();
    replies.set(name, reply);
    // Each call asks for the same replies under the same name.
    return reply as Promise<Reply>;
  };
  return {
    id: reader.id,
    keys: (partition, needs) => reader.keys(partition, needs),
    read: (commands, ...shared) => remember(['read', commands, shared], () => reader.read(commands, ...shared)),
    hasDamaged: (partition) => reader.hasDamaged(partition),
    newestMembers: (ranges, count) => remember(['newest', ranges, count], () => reader.newestMembers(ranges, count)),
    readRanges: (...args) => remember(['ranges', args], () => reader.readRanges(...args)),
  };
}

describe('Queries of large orders', () => {
  const orderId = orderIdIn(0, 1);
  let log: TestLog;
  let models: ReadModels;
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
    models = queriesOf(log);
    for (const projection of allProjections) {
      const served = await lookUpServed(models, projection);
      models.served.set(projection.name, { ...served, reader: rememberReplies(served.reader) });
    }
  });
  after(() => log.close());

  const queries: [what: string, query: () => Promise<unknown>][] = [
    ['orders', () => getOrder(models, orderId)],
    ['pages of orders', () => listOrders(models, {}, 10)],
    ['histories', () => getOrderHistory(models, orderId)],
  ];
  for (const [what, query] of queries) {
    it(`${what} that are read at the same time are not computed in one turn of the event loop`, async () => {
      await query();
      const turns = countTurns();
      const ended: number[] = [];
      try {
        await Promise.all(
          Array.from({ length: 30 }, async () => {
            expect(await query()).to.be.an('object');
            ended.push(turns.now());
          }),
        );
      } finally {
        turns.stop();
      }
      expect(new Set(ended).size).to.be.above(1);
    });
  }
});
