import { expect } from 'chai';
import { createRedis } from '../../../src/read-models/redis/redis-client.js';
import { writeRefusal } from '../../../src/read-models/redis/write-refusal.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';

describe('a Redis that refuses writes', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog(1);
  });
  after(async () => {
    await log.redis.config('SET', 'maxmemory', '0');
    await log.close();
  });

  it('is found out without a write, and its failure ends although the connection stays', async () => {
    const reported: string[] = [];
    const redis = createRedis(log.redisUrl, {
      failed: (error) => reported.push(String(error)),
      succeeded: () => reported.push('succeeded'),
    });
    try {
      expect(await writeRefusal(redis, log.keys)).to.equal(undefined);
      await log.redis.config('SET', 'maxmemory', '1');
      const refusal = await writeRefusal(redis, log.keys);
      expect(refusal?.state).to.equal('Redis has reached its maxmemory and refuses writes');
      await log.redis.config('SET', 'maxmemory', '0');
      await eventually('the end', async () => reported.at(-1) === 'succeeded');
      expect(reported.filter((text) => text.includes('maxmemory'))).to.have.length(1);
      expect(await redis.exists(`${log.keys.processPrefix}:write-probe`)).to.equal(0);
    } finally {
      redis.disconnect();
    }
  });
});
