import { expect } from 'chai';
import { LogContinuity } from '../../src/event-log/heads/log-continuity.js';
import { LogHeads } from '../../src/event-log/heads/log-heads.js';
import { WebhookDeliverer } from '../../src/webhooks/deliverer.js';
import { webhookLimits as limits } from '../../src/webhooks/limits.js';
import type { PostResponse } from '../../src/webhooks/safe-post.js';
import { createWebhookStore, type Webhook } from '../../src/webhooks/webhook-store.js';
import { appender, orderIdIn, place } from '../support/events.js';
import { runOrders } from '../support/orders-command.js';
import { createTestLog, eventually, silent, type TestLog } from '../support/servers.js';
import { failingPool } from '../support/watched-pool.js';

type Post = (url: string, headers: Readonly<Record<string, string>>) => Promise<PostResponse>;

const accepted: PostResponse = { status: 204, retryAfter: undefined };
const unavailable: PostResponse = { status: 503, retryAfter: undefined };

describe('fair delivery of webhooks', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(1);
  });
  afterEach(() => log.close());

  const create = async (path: string) =>
    (await createWebhookStore(log.pool).create(`https://shop.example/${path}`, undefined, 'test'))?.webhook_id ?? '';
  const find = async (id: string) => (await createWebhookStore(log.pool).find(id)) as Webhook;
  const placeOrders = async (count: number) => {
    for (let nth = 0; nth < count; nth += 1) await place(appender(log), orderIdIn(0, 1));
  };
  /** Makes all that waits for a time due now. */
  const makeDue = () =>
    log.owner.query(
      `update webhooks set open_until = now() where open_until is not null;
       update webhook_deliveries set next_attempt_at = now() where state = 'pending' and attempts > 0`,
    );
  const recordedAttempts = async () =>
    (await log.owner.query<{ sum: number }>('select sum(attempts)::int as sum from webhook_deliveries')).rows[0]?.sum;

  async function startDeliverer(post: Post, pool = log.pool): Promise<() => Promise<void>> {
    const logHeads = new LogHeads(log.databaseUrl, new LogContinuity(log.pool, log.settings, silent), silent);
    await logHeads.start();
    const { databaseUrl: database, settings } = log;
    const deliverer = new WebhookDeliverer({
      ...{ database, settings, pool, logHeads, log: silent },
      open: async (events) => [...events],
      post: { post, close: () => undefined },
    });
    deliverer.start();
    return async () => {
      await deliverer.close();
      await logHeads.close();
    };
  }

  it('a receiver gets its events while many others do not respond at all', async () => {
    const silentOnes = Math.ceil(limits.maxInFlight / limits.maxInFlightPerWebhook) + 2;
    for (let nth = 0; nth < silentOnes; nth += 1) await create(`silent/${nth}`);
    const waiting: (() => void)[] = [];
    const orders: string[] = [];
    const stop = await startDeliverer((url, headers) => {
      if (url.includes('silent')) return new Promise((resolve) => waiting.push(() => resolve(accepted)));
      orders.push(headers['webhook-id'] ?? '');
      return Promise.resolve(accepted);
    });
    await placeOrders(limits.maxInFlightPerWebhook);
    await eventually('all attempts that fit', () => waiting.length >= limits.maxInFlight);
    await create('healthy');
    await placeOrders(20);
    await eventually('the events of the receiver that responds', () => orders.length === 20);
    for (const respond of waiting) respond();
    await stop();
  });

  it('a receiver that fails for all orders is probed with one delivery at a time, until it accepts one', async () => {
    const id = await create('hook');
    let response = unavailable;
    let attempts = 0;
    const stop = await startDeliverer(async () => {
      attempts += 1;
      return response;
    });
    await placeOrders(30);
    await eventually('the breaker to open', async () => (await find(id)).breaker === 'open');
    const failing = await find(id);
    expect(failing.last_error).to.equal('responded with status 503');
    expect([failing.failing_since, failing.retry_at]).not.to.include(null);
    for (const time of [failing.created_at, failing.failing_since, failing.retry_at])
      expect(time).to.match(/:\d\d\.\d{3}Z$/);
    const { stdout } = await runOrders(log, ['webhooks', 'list']);
    expect(stdout).to.match(/ {2}fails since \S+:\d\dZ, next attempt at \S+:\d\dZ: /);
    await eventually('the attempts in flight to end', async () => (await recordedAttempts()) === attempts);
    const attemptsBefore = attempts;
    expect(attemptsBefore).to.be.lessThan(30);
    await makeDue();
    await eventually('the probe to fail', async () => attempts > attemptsBefore && (await find(id)).breaker === 'open');
    expect(attempts - attemptsBefore).to.equal(1);
    response = accepted;
    await makeDue();
    await eventually('all to be delivered', async () => {
      await makeDue();
      return (await find(id)).pending === 0;
    });
    expect(await find(id)).to.include({ breaker: 'closed', failing_since: null, retry_at: null, last_error: null });
    await stop();
  });

  it('a webhook whose receiver fails for days is disabled, and loses nothing', async () => {
    const id = await create('hook');
    const stop = await startDeliverer(async () => unavailable);
    await placeOrders(10);
    await eventually('the breaker to open', async () => (await find(id)).breaker === 'open');
    await log.owner.query(`update webhooks set failing_since = now() - interval '6 days'`);
    await makeDue();
    await eventually('the webhook to be disabled', async () => (await find(id)).state === 'disabled');
    await placeOrders(1);
    expect(await find(id)).to.deep.include({ pending: 10, lag: 1, last_error: 'responded with status 503' });
    await createWebhookStore(log.pool).setState(id, 'active');
    expect(await find(id)).to.include({ state: 'active', breaker: 'closed', last_error: null });
    await stop();
  });

  it('an event is not sent again while PostgreSQL does not take its result', async () => {
    const id = await create('hook');
    let attempts = 0;
    let refusals = 0;
    let isReadOnly = true;
    const pool = failingPool(log.pool, (name) => {
      if (name !== 'webhooks-delivered' || !isReadOnly) return undefined;
      refusals += 1;
      return new Error('cannot execute DELETE in a read-only transaction');
    });
    const stop = await startDeliverer(async () => {
      attempts += 1;
      return accepted;
    }, pool);
    await placeOrders(1);
    await eventually('two refused results', () => refusals === 2);
    isReadOnly = false;
    await eventually('the result to be recorded', async () => (await find(id)).pending === 0);
    expect(attempts).to.equal(1);
    await stop();
  });
});
