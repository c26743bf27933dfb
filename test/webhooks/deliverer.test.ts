import { expect } from 'chai';
import { LogHeads } from '../../src/event-log/heads/log-heads.js';
import { WebhookDeliverer } from '../../src/webhooks/deliverer.js';
import type { PostAnswer } from '../../src/webhooks/safe-post.js';
import { createWebhookStore } from '../../src/webhooks/webhook-store.js';
import { appender, orderIdIn, place } from '../support/events.js';
import { createTestLog, eventually, silent, type TestLog } from '../support/servers.js';
import { watchedPool } from '../support/watched-pool.js';

describe('a webhook’s delivery', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog(1);
  });
  after(() => log.close());

  it('that is over while PostgreSQL’s answer, which has it as due, is on its way is not made again', async () => {
    await createWebhookStore(log.pool).create('https://shop.example/', undefined, 'test');
    const posts: ((answer: PostAnswer) => void)[] = [];
    const post = () => new Promise<PostAnswer>((resolve) => posts.push(resolve));
    const results: string[] = [];
    let holdBack: Promise<void> | undefined;
    let asked = 0;
    const pool = watchedPool(
      log.pool,
      () => undefined,
      async (name) => {
        if (name !== 'webhooks-due') return;
        asked += 1;
        await holdBack;
      },
    );
    const logHeads = new LogHeads(log.databaseUrl, log.pool, silent);
    await logHeads.start();
    const { databaseUrl: url, settings } = log;
    const deliverer = new WebhookDeliverer({
      ...{ url, settings, pool, logHeads, log: silent },
      open: async (events) => [...events],
      onAttempt: (result) => results.push(result),
      post: { post, close: () => undefined },
    });
    deliverer.start();
    await place(appender(log), orderIdIn(0, 1));
    await eventually('the attempt', () => posts.length === 1);
    let goOn: () => void = () => undefined;
    holdBack = new Promise((resolve) => {
      goOn = resolve;
    });
    const askedBefore = asked;
    logHeads.emit('moved', 0);
    await eventually('an answer that has it as due', () => asked > askedBefore);
    posts[0]?.({ status: 204, retryAfter: undefined });
    await eventually('the attempt to be over', () => results.length === 1);
    // By then it is no longer counted among those that are being made.
    await new Promise((resolve) => setImmediate(resolve));
    goOn();
    holdBack = undefined;
    const askedThen = asked;
    logHeads.emit('moved', 0);
    await eventually('it to have looked again', () => asked > askedThen);
    expect(results).to.deep.equal(['delivered']);
    expect(posts).to.have.length(1);
    for (const resolve of posts) resolve({ status: 204, retryAfter: undefined });
    await deliverer.close();
    await logHeads.close();
  });
});
