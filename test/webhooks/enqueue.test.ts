import { expect } from 'chai';
import { enqueueEvents } from '../../src/webhooks/enqueue.js';
import { webhookLimits } from '../../src/webhooks/limits.js';
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

  it('failed deliveries make room as dead letters if the receiver accepts others, and wait otherwise', async () => {
    const store = createWebhookStore(log.pool);
    const id = (await store.create('https://shop.example/', undefined, 'test'))?.webhook_id ?? '';
    await log.owner.query(
      `insert into webhook_deliveries (partition, webhook_id, position, order_id, type, attempts, first_attempt_at, last_attempt_at, last_error)
       select 0, $1, -nth, gen_random_uuid(), 'OrderPlaced', 1, now() - nth * interval '1 s', now(), 'responded with status 500'
       from generate_series(1, $2::integer) as nth`,
      [id, webhookLimits.maxPendingPerPartition],
    );
    await place(appender(log, true), orderIdIn(0, 2));
    await log.owner.query('update webhooks set failing_since = now() where id = $1', [id]);
    await enqueueEvents(log.pool, 0);
    expect(await store.find(id)).to.include({ pending: webhookLimits.maxPendingPerPartition, dead_letters: 0, lag: 1 });
    await log.owner.query('update webhooks set failing_since = null where id = $1', [id]);
    const early: [string, number][] = [];
    await enqueueEvents(log.pool, 0, (...one) => early.push(one));
    const { maxEarlyDeadLetters, maxPendingPerPartition } = webhookLimits;
    expect(early).to.deep.equal([[id, maxEarlyDeadLetters]]);
    expect(await store.find(id)).to.include({
      pending: maxPendingPerPartition - maxEarlyDeadLetters + 1,
      dead_letters: maxEarlyDeadLetters,
      lag: 0,
    });
    await store.delete(id);
  });

  it('a webhook that is deleted while its events are enqueued leaves no rows', async () => {
    const store = createWebhookStore(log.pool);
    const append = appender(log, true);
    for (let round = 0; round < 20; round += 1) {
      const id = (await store.create('https://shop.example/', undefined, 'test'))?.webhook_id ?? '';
      await place(append, orderIdIn(0, 2));
      await Promise.all([enqueueEvents(log.pool, 0), store.delete(id)]);
      const { rowCount } = await log.owner.query(
        `select webhook_id from webhook_deliveries where webhook_id = $1
         union all select webhook_id from webhook_checkpoints where webhook_id = $1`,
        [id],
      );
      expect(rowCount).to.equal(0);
    }
  });
});
