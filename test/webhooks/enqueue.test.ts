import { expect } from 'chai';
import { enqueueEvents } from '../../src/webhooks/enqueue.js';
import { createWebhookStore } from '../../src/webhooks/webhook-store.js';
import { appender, orderIdIn, place } from '../support/events.js';
import { createTestLog, type TestLog } from '../support/servers.js';

describe('enqueueEvents', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog(2);
  });
  after(() => log.close());

  it('each event is enqueued once, even by several owners of one partition', async () => {
    const webhook = await createWebhookStore(log.pool).create('https://shop.example/', undefined, 'test');
    const append = appender(log, true);
    const written: number[] = [];
    let appending = true;
    const owners = Array.from({ length: 6 }, async () => {
      while (appending || (await enqueueEvents(log.pool, 1))) await enqueueEvents(log.pool, 1);
    });
    // A delivered row is deleted: only the checkpoint shows that the event was enqueued.
    const deliver = async () => {
      const { rows } = await log.pool.query<{ position: number }>('delete from webhook_deliveries returning position');
      written.push(...rows.map(({ position }) => position));
    };
    const delivering = (async () => {
      while (appending) await deliver();
    })();
    for (let nth = 0; nth < 400; nth += 1) await place(append, orderIdIn(1, 2));
    appending = false;
    await Promise.all([...owners, delivering]);
    await enqueueEvents(log.pool, 1);
    await deliver();
    expect(written.toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: 400 }, (_, nth) => nth + 1));
    expect((await createWebhookStore(log.pool).find(webhook?.webhook_id ?? ''))?.lag).to.equal(0);
  });
});
