import { expect } from 'chai';
import { fromLive } from '../../src/queries/live-generation.js';
import { orderStatus } from '../../src/read-models/order-status.js';
import { createRedis } from '../../src/read-models/redis/redis-client.js';
import { appender, orderIdIn, place, startProjector } from '../support/events.js';
import { projected, queriesOf } from '../support/read-models.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';

describe('fromLive', () => {
  let log: TestLog;

  beforeEach(async () => {
    log = await createTestLog(1);
    await place(appender(log), orderIdIn(0, 1));
    const { stop } = await startProjector(log);
    await projected(log);
    await stop();
  });

  afterEach(() => log.close());

  it('a query starts over if a connection to Redis was lost between two of its reads', async () => {
    const redis = createRedis(log.redisUrl);
    const models = { ...queriesOf(log), redis };
    let attempts = 0;
    const replies = await fromLive(models, orderStatus, async (live) => {
      attempts += 1;
      const first = await live.read([['GET', 'attempt']]);
      if (attempts === 1) {
        redis.disconnect(true);
        await eventually('the new connection', () => redis.status === 'ready');
      }
      return [...first, ...(await live.read([['GET', 'attempt']]))];
    });
    expect([attempts, replies]).to.deep.equal([2, [null, null]]);
    redis.disconnect();
  });
});
