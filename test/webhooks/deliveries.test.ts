import { expect } from 'chai';
import { type Delivery, readDueDeliveries, recordDelivered } from '../../src/webhooks/deliveries.js';
import { enqueueEvents } from '../../src/webhooks/enqueue.js';
import { webhookLimits as limits } from '../../src/webhooks/limits.js';
import { createWebhookStore } from '../../src/webhooks/webhook-store.js';
import { appender, noteEvent, orderIdIn, place } from '../support/events.js';
import { createTestLog, type TestLog } from '../support/servers.js';

describe('readDueDeliveries', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog(1);
    await createWebhookStore(log.pool).create('https://shop.example/', undefined, 'test');
  });
  after(() => log.close());

  const due = () => readDueDeliveries(log.pool, [0], []);
  const eventsOf = (deliveries: readonly Delivery[], orderId: string) =>
    deliveries.filter(({ order_id: id }) => id === orderId).map(({ version }) => version);

  it('the events of a long order are due one after the other, and hide no other order', async () => {
    const append = appender(log, true);
    const long = orderIdIn(0, 1);
    const other = orderIdIn(0, 1);
    await place(append, long);
    const notes = Array.from({ length: 3 * limits.maxScannedPerPartition }, (_, nth) => noteEvent(`${nth}`));
    await append({ orderId: long, expectedVersion: 1, events: notes });
    await place(append, other);
    while (await enqueueEvents(log.pool, 0));
    const first = await due();
    expect(eventsOf(first, long)).to.deep.equal([1]);
    expect(eventsOf(first, other)).to.deep.equal([1]);
    // Even if all of them look due, a few reads find the other order.
    await log.owner.query('update webhook_deliveries set next_attempt_at = now() where order_id = $1', [long]);
    await log.owner.query('update webhook_deliveries set next_attempt_at = now() where order_id = $1', [other]);
    const found: number[] = [];
    for (let read = 0; read < 5; read += 1) found.push(...eventsOf(await due(), other));
    expect(found).to.include(1);
    for (const version of [1, 2, 3]) {
      const [next] = (await due()).filter(({ order_id: id }) => id === long);
      expect(next?.version).to.equal(version);
      if (next) await recordDelivered(log.pool, next);
    }
  });
});
