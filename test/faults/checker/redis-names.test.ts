import { expect } from 'chai';
import { Redis } from 'ioredis';
import { serverUrls } from '../../support/servers.js';
import { findNamesInRedis } from './redis-names.js';

describe('the search for forgotten persons in Redis', () => {
  const redis = new Redis(serverUrls().redisUrl);

  beforeEach(() => redis.flushdb());
  after(async () => {
    await redis.flushdb();
    redis.disconnect();
  });

  it('finds a name in values of every type, and in a key', async () => {
    await redis.set('a', 'Grete');
    await redis.hset('b', 'field', 'x Grete x');
    await redis.zadd('c', 1, 'Grete');
    await redis.rpush('d', 'Grete');
    await redis.sadd('e', 'Grete');
    await redis.set('f:Grete', '');
    expect(await findNamesInRedis(redis, ['Grete'])).to.have.length(6);
    expect(await findNamesInRedis(redis, ['Hans'])).to.deep.equal([]);
  });
});
