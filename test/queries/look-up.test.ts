import { expect } from 'chai';
import { queryLimits } from '../../src/queries/limits.js';
import { listOrders } from '../../src/queries/lists/list-orders.js';
import { lookUpOrders } from '../../src/queries/lists/look-up.js';
import type { OrderPage } from '../../src/queries/lists/order-page.js';
import { fromLive } from '../../src/queries/live-generation.js';
import { orderLookup, orderLookupKeys, textPrefix } from '../../src/read-models/order-lookup.js';
import { orderStatus, orderStatusKeys, placedMember, userMember } from '../../src/read-models/order-status.js';
import type { RedisCommand } from '../../src/read-models/redis/redis-command.js';
import { commandHandlers, orderIdIn, startProjector } from '../support/events.js';
import { expectReadModelsEqualTheLog, projected, queriesOf } from '../support/read-models.js';
import { createTestLog, type TestLog } from '../support/servers.js';

describe('lookUpOrders', () => {
  let log: TestLog;
  let ids: string[];
  before(async () => {
    log = await createTestLog(4);
    const { handleCommand: handle } = commandHandlers(log);
    ids = Array.from({ length: 12 }, (_, nth) => orderIdIn(nth % 4, 4));
    for (const [nth, orderId] of ids.entries()) {
      const command = {
        command: 'place',
        userId: `u-${nth % 2}`,
        currency: 'USD',
        totalAmount: 20,
        itemIds: ['a', 'b'],
        reference: `#${nth % 3}`,
      } as const;
      const occurredAt = new Date(Date.UTC(2026, 0, 1 + nth)).toISOString();
      await handle({ orderId, actor: 'test', command, occurredAt });
      await handle({ orderId, actor: 'test', command: { command: 'pay', amount: 5, paymentReference: `pay-${nth}` } });
      await handle({ orderId, actor: 'test', command: { command: 'process' } });
      const items = [{ item_id: 'a', quantity: 1 }];
      await handle({ orderId, actor: 'test', command: { command: 'ship', items, trackingNumber: `T-${nth}` } });
      await handle({ orderId, actor: 'test', command: { command: 'ship', trackingNumber: `T-${nth}` } });
    }
    const { stop } = await startProjector(log);
    await projected(log);
    await stop();
  });
  after(() => log.close());

  const found = async (q: string, userId?: string, limit = 50) => {
    const pages: [string, string[]][][] = [];
    let cursor: string | undefined;
    do {
      const query = userId === undefined ? { q } : { q, userId };
      const page = await lookUpOrders(queriesOf(log), query, limit, cursor);
      if (page === 'invalid-cursor') throw new Error('a cursor was rejected');
      const orders = page.orders.map((json) => JSON.parse(json) as { order_id: string; matched_by: string[] });
      pages.push(orders.map(({ order_id, matched_by }) => [order_id, matched_by]));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return pages;
  };
  const newestFirst = (belongs: (nth: number) => boolean) => ids.filter((_, nth) => belongs(nth)).reverse();

  it('an order is found by its id, in any form, by its references, its tracking numbers and its user', async () => {
    const id = ids[4] ?? '';
    expect(await found(id)).to.deep.equal([[[id, ['order_id']]]]);
    expect(await found(id.replaceAll('-', '').toUpperCase())).to.deep.equal([[[id, ['order_id']]]]);
    expect(await found('pay-4')).to.deep.equal([[[id, ['payment_reference']]]]);
    expect(await found('T-4')).to.deep.equal([[[id, ['tracking_number']]]]);
    for (const q of ['pay-', 'PAY-4', 't-4', '#', 'u', 'none']) expect(await found(q), q).to.deep.equal([[]]);
  });

  it('orders with one reference, or of one user, come newest first, in pages that hold each once', async () => {
    for (const limit of [1, 3, 50]) {
      const references = await found('#1', undefined, limit);
      expect(references.flat().map(([id]) => id)).to.deep.equal(newestFirst((nth) => nth % 3 === 1));
      expect(references.slice(0, -1).every(({ length }) => length === limit)).to.equal(true);
      expect((await found('u-1', undefined, limit)).flat().map(([id]) => id)).to.deep.equal(
        newestFirst((nth) => nth % 2 === 1),
      );
    }
  });

  it('a caller who may read only their own orders finds no other order', async () => {
    expect((await found('#1', 'u-1', 1)).flat().map(([id]) => id)).to.deep.equal(
      newestFirst((nth) => nth % 3 === 1 && nth % 2 === 1),
    );
    expect(await found('pay-4', 'u-1')).to.deep.equal([[]]);
    expect(await found('u-0', 'u-1')).to.deep.equal([[]]);
  });

  it('a corrected tracking number and an amended reference replace what found the order before', async () => {
    const { handleCommand: handle } = commandHandlers(log);
    const orderId = ids[0] ?? '';
    await handle({ orderId, actor: 'test', command: { command: 'amend', reference: 'pay-1' } });
    const track = (shipmentId: string, trackingNumber: string) =>
      handle({ orderId, actor: 'test', command: { command: 'track', shipmentId, trackingNumber } });
    await track('1', 'T-0-b');
    const { stop } = await startProjector(log);
    await projected(log);
    // The second shipment still has the number.
    expect((await found('T-0')).flat()).to.deep.equal([[orderId, ['tracking_number']]]);
    await track('2', 'T-0-c');
    await projected(log);
    expect((await found('T-0')).flat()).to.deep.equal([]);
    expect((await found('T-0-b')).flat()).to.deep.equal([[orderId, ['tracking_number']]]);
    expect((await found('#0')).flat().map(([id]) => id)).not.to.include(orderId);
    expect((await found('pay-1')).flat()).to.deep.equal([
      [ids[1], ['payment_reference']],
      [orderId, ['reference']],
    ]);
    await expectReadModelsEqualTheLog(log);
    await stop();
  });
});

describe('A caller who may read only their own orders', () => {
  let log: TestLog;
  let own: string;
  before(async () => {
    log = await createTestLog(2);
    const { handleCommand: handle } = commandHandlers(log);
    own = orderIdIn(1, 2);
    const command = {
      command: 'place',
      userId: 'u-1',
      currency: 'USD',
      totalAmount: 20,
      itemIds: ['a'],
      reference: 'shared',
    } as const;
    await handle({ orderId: own, actor: 'test', command });
    await handle({ orderId: own, actor: 'test', command: { command: 'pay', amount: 5, paymentReference: 'paid' } });
    const { stop } = await startProjector(log);
    await projected(log);
    await stop();
    await addForeign(queryLimits.maxScannedPerPage + 2 * queryLimits.maxScannedPerRead);
  });
  after(() => log.close());

  /** Adds newer orders of another user to the indexes: that they are not stored does not matter. */
  async function addForeign(count: number): Promise<void> {
    const members = Array.from({ length: count }, (_, nth) =>
      placedMember(new Date(Date.UTC(2099, 0, 1) + nth).toISOString(), orderIdIn(0, 2)),
    );
    const models = queriesOf(log);
    const inSet = (key: string, prefix: string): RedisCommand => [
      'ZADD',
      key,
      ...members.flatMap((one) => [0, prefix + one]),
    ];
    await fromLive(models, orderStatus, (live) =>
      live.read([inSet(orderStatusKeys(live.keys(0)).users('u-0'), userMember('u-0', ''))]),
    );
    await fromLive(models, orderLookup, (live) => {
      const key = (q: string) => orderLookupKeys(live.keys(0)).texts(q);
      return live.read([
        inSet(key('shared'), textPrefix('shared', 'reference')),
        inSet(key('paid'), textPrefix('paid', 'payment_reference')),
        inSet(key('parcel'), textPrefix('parcel', 'tracking_number')),
      ]);
    });
  }

  const ids = (page: OrderPage | 'invalid-cursor') =>
    page === 'invalid-cursor' ? page : [page.orders.map((json) => JSON.parse(json).order_id), page.nextCursor];

  it('gets no cursor because of the orders of others, however many of them a text or a user id finds', async () => {
    const found = async (q: string) => ids(await lookUpOrders(queriesOf(log), { q, userId: 'u-1' }, 50));
    for (const q of ['shared', 'paid', 'u-1', own]) expect(await found(q), q).to.deep.equal([[own], null]);
    for (const q of ['parcel', 'u-0', 'none']) expect(await found(q), q).to.deep.equal([[], null]);
    const listed = async (reference: string) => ids(await listOrders(queriesOf(log), { userId: 'u-1', reference }, 50));
    expect(await listed('shared')).to.deep.equal([[own], null]);
    expect(await listed('none')).to.deep.equal([[], null]);
  });
});
