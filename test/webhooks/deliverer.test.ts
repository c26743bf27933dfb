import { expect } from 'chai';
import { LogContinuity } from '../../src/event-log/heads/log-continuity.js';
import { LogHeads } from '../../src/event-log/heads/log-heads.js';
import { WebhookDeliverer } from '../../src/webhooks/deliverer.js';
import type { PostResponse } from '../../src/webhooks/safe-post.js';
import { createWebhookStore } from '../../src/webhooks/webhook-store.js';
import { appender, orderIdIn, place } from '../support/events.js';
import { createTestLog, eventually, silent, type TestLog } from '../support/servers.js';
import { watchedPool } from '../support/watched-pool.js';

describe('WebhookDeliverer', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog(1);
  });
  after(() => log.close());

  it('a delivery that ends while a query still reports it as due is not sent again', async () => {
    await createWebhookStore(log.pool).create('https://shop.example/', undefined, 'test');
    const posts: ((response: PostResponse) => void)[] = [];
    const post = () => new Promise<PostResponse>((resolve) => posts.push(resolve));
    const results: string[] = [];
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
    const logHeads = new LogHeads(log.databaseUrl, new LogContinuity(log.pool, log.settings, silent), silent);
    await logHeads.start();
    const { databaseUrl: database, settings } = log;
    const deliverer = new WebhookDeliverer({
      ...{ database, settings, pool, logHeads, log: silent },
      open: async (events) => [...events],
      onAttempt: (result) => results.push(result),
      post: { post, close: () => undefined },
    });
    deliverer.start();
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
    for (const resolve of posts) resolve({ status: 204, retryAfter: undefined });
    await deliverer.close();
    await logHeads.close();
  });
});
