import { expect } from 'chai';
import type pg from 'pg';
import { pino } from 'pino';
import type { Pool } from '../../src/event-log/database.js';
import { LogContinuity } from '../../src/event-log/heads/log-continuity.js';
import { LogHeads } from '../../src/event-log/heads/log-heads.js';
import { PartitionOwnership } from '../../src/event-log/partition-ownership.js';
import { type DelivererOptions, WebhookDeliverer } from '../../src/webhooks/deliverer.js';
import type { DeliveryAttempt } from '../../src/webhooks/delivery-attempts.js';
import type { PostResponse } from '../../src/webhooks/safe-post.js';
import { createWebhookStore } from '../../src/webhooks/webhook-store.js';
import { appender, orderIdIn, place } from '../support/events.js';
import { createTestLog, eventually, silent, type TestLog } from '../support/servers.js';
import { failingPool, replaced, watchedPool } from '../support/watched-pool.js';

describe('WebhookDeliverer', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog(1);
    await createWebhookStore(log.pool).create('https://shop.example/', undefined, 'test');
  });
  after(() => log.close());

  /** A deliverer whose posts stay unanswered until the test answers them. */
  async function startDeliverer(pool: Pool, options: Partial<DelivererOptions> = {}) {
    const posts: ((response: PostResponse) => void)[] = [];
    const post = () => new Promise<PostResponse>((resolve) => posts.push(resolve));
    const results: string[] = [];
    const logHeads = new LogHeads(log.databaseUrl, new LogContinuity(log.pool, log.settings, silent), silent);
    await logHeads.start();
    const { databaseUrl: database, settings } = log;
    const deliverer = new WebhookDeliverer({
      ...{ database, settings, pool, logHeads, log: silent },
      open: async (events) => [...events],
      onAttempt: (result) => results.push(result),
      post: { post, close: () => undefined },
      ...options,
    });
    deliverer.start();
    const close = async () => {
      for (const resolve of posts) resolve({ status: 204, retryAfter: undefined });
      await deliverer.close();
      await logHeads.close();
    };
    return { posts, results, logHeads, close };
  }

  it('a delivery that ends while a query still reports it as due is not sent again', async () => {
    let delayed: Promise<void> | undefined;
    let queries = 0;
    const pool = watchedPool(
      log.pool,
      () => undefined,
      async (name) => {
        if (name !== 'webhooks-due') return;
        queries += 1;
        await delayed;
      },
    );
    const { posts, results, logHeads, close } = await startDeliverer(pool);
    await place(appender(log), orderIdIn(0, 1));
    await eventually('the attempt', () => posts.length === 1);
    let release: () => void = () => undefined;
    delayed = new Promise((resolve) => {
      release = resolve;
    });
    const queriesBefore = queries;
    logHeads.emit('moved', 0);
    await eventually('a query that reports the delivery as due', () => queries > queriesBefore);
    posts[0]?.({ status: 204, retryAfter: undefined });
    await eventually('the end of the attempt', () => results.length === 1);
    // One turn later the attempt is not in flight any more.
    await new Promise((resolve) => setImmediate(resolve));
    release();
    delayed = undefined;
    const queriesThen = queries;
    logHeads.emit('moved', 0);
    await eventually('another query', () => queries > queriesThen);
    expect(results).to.deep.equal(['delivered']);
    expect(posts).to.have.length(1);
    await close();
  });

  it('a failed attempt counts once, even if PostgreSQL takes its result but the response is lost', async () => {
    const lost = new Set(['webhooks-failed']);
    const pool = watchedPool(
      log.pool,
      () => undefined,
      async (name) => {
        if (lost.delete(name)) throw new Error('the connection broke before the response');
      },
    );
    const { posts, results, close } = await startDeliverer(pool);
    const orderId = orderIdIn(0, 1);
    await place(appender(log), orderId);
    await eventually('the attempt', () => posts.length === 1);
    posts[0]?.({ status: 500, retryAfter: undefined });
    await eventually('the result', () => results.length === 1);
    const { rows } = await log.owner.query('select state, attempts from webhook_deliveries where order_id = $1', [
      orderId,
    ]);
    expect([rows, results, lost.size]).to.deep.equal([[{ state: 'pending', attempts: 1 }], ['failed'], 0]);
    await close();
  });

  it('a failed attempt counts once, even if the breaker of its webhook cannot be opened at once', async () => {
    const { rows: before } = await log.owner.query(
      "update webhooks set failing_since = now() - interval '1 minute' returning id",
    );
    expect(before).to.have.length(1);
    let failures = 2;
    const pool = failingPool(log.pool, (name) => {
      if (name !== 'webhooks-open-breaker' || failures === 0) return undefined;
      failures -= 1;
      return new Error('PostgreSQL is away');
    });
    const { posts, results, close } = await startDeliverer(pool);
    const orderId = orderIdIn(0, 1);
    await place(appender(log), orderId);
    await eventually('the attempt', () => posts.length === 1);
    posts[0]?.({ status: 500, retryAfter: undefined });
    const state = async () => (await log.owner.query('select breaker_trips from webhooks')).rows[0].breaker_trips;
    await eventually('the breaker to open', async () => (await state()) === 1);
    const { rows } = await log.owner.query(
      'select max(attempts) as attempts from webhook_deliveries where order_id = $1',
      [orderId],
    );
    expect([rows, results, failures]).to.deep.equal([[{ attempts: 1 }], ['failed'], 0]);
    await close();
  });

  it('a delivery is not sent by a process that lost its partition while it read what is due', async () => {
    const shared = await createTestLog(2);
    const { databaseUrl: database, settings } = shared;
    await createWebhookStore(shared.pool).create('https://shop.example/', undefined, 'test');
    const logHeads = new LogHeads(database, new LogContinuity(shared.pool, settings, silent), silent);
    await logHeads.start();
    let isHeld = false;
    let held: readonly unknown[] = [];
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const pool = replaced(shared.pool, {
      query: async (statement: pg.QueryConfig) => {
        const result = await shared.pool.query(statement);
        if (isHeld && statement.name === 'webhooks-due' && result.rows.length === 2) {
          held = result.rows;
          await released;
        }
        return isHeld && statement.name === 'webhooks-due' && result.rows.length === 1 ? { rows: [] } : result;
      },
    });
    const sent: string[] = [];
    const deliverer = new WebhookDeliverer({
      ...{ database, settings, pool, logHeads, log: silent },
      open: async (events) => [...events],
      post: {
        post: async (_url, _headers, body) => {
          sent.push(JSON.parse(body).data.order_id);
          return { status: 204, retryAfter: undefined };
        },
        close: () => undefined,
      },
    });
    deliverer.start();
    const append = appender(shared);
    for (const partition of [0, 1]) await place(append, orderIdIn(partition, 2));
    await eventually('the process to have both partitions', () => sent.length === 2);
    isHeld = true;
    const orders = [orderIdIn(0, 2), orderIdIn(1, 2)];
    for (const orderId of orders) await place(append, orderId);
    await eventually('both to be due', () => held.length === 2);
    const other = new PartitionOwnership(database, settings, 'webhooks', silent);
    other.start();
    await eventually('another process to have one of them', () => other.owned.size === 1, 20_000);
    const [lost = -1] = other.owned;
    // On a slow machine the process may have lost both for a moment: it then reads again.
    isHeld = false;
    release();
    await eventually('the delivery of the other one', () => sent.length > 2);
    await deliverer.close();
    expect(sent.slice(2)).to.deep.equal([orders[1 - lost]]);
    await other.close();
    await logHeads.close();
    await shared.close();
  });

  it('an attempt is timed from when its event is sent, not from when it is opened', async () => {
    const orderId = orderIdIn(0, 1);
    const openedMs: number[] = [];
    const open: DelivererOptions['open'] = async (events) => {
      if (events.some((event) => event.orderId === orderId)) openedMs.push(Date.now());
      if (openedMs.length === 1) throw new Error('PostgreSQL is away');
      return [...events];
    };
    const attempts: DeliveryAttempt[] = [];
    await log.owner.query('update webhooks set failing_since = null, open_until = null, breaker_trips = 0');
    const { close } = await startDeliverer(log.pool, {
      open,
      post: { post: async () => ({ status: 204, retryAfter: undefined }), close: () => undefined },
      noteAttempt: (_, one) => attempts.push(one),
    });
    await place(appender(log), orderId);
    const ofOrder = () => attempts.find(({ order_id: id }) => id === orderId);
    await eventually('the attempt', () => ofOrder() !== undefined);
    expect(openedMs).to.have.length(2);
    expect(Date.parse(ofOrder()?.at ?? '')).to.be.at.least(openedMs[1] ?? Number.NaN);
    await close();
  });

  it('a server of a distributed database that does not respond delays only its own partitions', async () => {
    const distributed = await createTestLog(2);
    await createWebhookStore(distributed.pool).create('https://shop.example/', undefined, 'test');
    const { databaseUrl: database, pool } = distributed;
    const settings = { ...distributed.settings, appendAcrossPartitions: false };
    const logHeads = new LogHeads(database, new LogContinuity(pool, settings, silent), silent);
    await logHeads.start();
    const delivered: string[] = [];
    const deliverer = new WebhookDeliverer({
      ...{ database, settings, pool, logHeads, log: silent },
      open: async (events) => [...events],
      post: {
        post: async (_url, _headers, body) => {
          delivered.push(JSON.parse(body).data.order_id);
          return { status: 204, retryAfter: undefined };
        },
        close: () => undefined,
      },
    });
    const [silentOrder, other, later] = [orderIdIn(0, 2), orderIdIn(1, 2), orderIdIn(1, 2)];
    // The statements of partition 0 wait for this transaction, like for a server that is away.
    await distributed.owner.query('begin; select from webhook_checkpoints where partition = 0 for update');
    try {
      const append = appender(distributed);
      await place(append, silentOrder);
      await place(append, other);
      deliverer.start();
      await eventually('the delivery of the other partition', () => delivered.includes(other), 5_000);
      await place(append, later);
      await eventually('a further one', () => delivered.includes(later), 5_000);
      expect(delivered).to.not.include(silentOrder);
      await distributed.owner.query('rollback');
      await eventually('the delivery of the partition that waited', () => delivered.includes(silentOrder), 10_000);
    } finally {
      await distributed.owner.query('rollback');
      await deliverer.close();
      await logHeads.close();
      await distributed.close();
    }
  });

  it('the failure of a partition is over once its only webhook is deleted', async () => {
    const distributed = await createTestLog(1);
    const webhooks = createWebhookStore(distributed.pool);
    const { webhook_id } = (await webhooks.create('https://shop.example/', undefined, 'test')) ?? expect.fail();
    const { databaseUrl: database } = distributed;
    const settings = { ...distributed.settings, appendAcrossPartitions: false };
    const logHeads = new LogHeads(database, new LogContinuity(distributed.pool, settings, silent), silent);
    await logHeads.start();
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line).msg) });
    const pool = failingPool(distributed.pool, (name) =>
      name === 'webhooks-behind' ? new Error('PostgreSQL is away') : undefined,
    );
    const deliverer = new WebhookDeliverer({
      ...{ database, settings, pool, logHeads, log },
      open: async (events) => [...events],
      post: { post: async () => ({ status: 204, retryAfter: undefined }), close: () => undefined },
    });
    try {
      await place(appender(distributed), orderIdIn(0, 1));
      deliverer.start();
      await eventually('the failure', () => lines.some((line) => line.includes('did not respond')));
      await webhooks.delete(webhook_id);
      await eventually('the end of the failure', () => lines.includes('webhooks: PostgreSQL responds again'), 20_000);
    } finally {
      await deliverer.close();
      await logHeads.close();
      await distributed.close();
    }
  });
});
