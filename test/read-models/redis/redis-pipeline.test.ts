import { expect } from 'chai';
import { Redis } from 'ioredis';
import { ReadModelUnavailable } from '../../../src/read-models/read-model-unavailable.js';
import type { RedisCommand } from '../../../src/read-models/redis/redis-command.js';
import { pipeline, pipelineThen } from '../../../src/read-models/redis/redis-pipeline.js';
import { serverUrls } from '../../support/servers.js';

describe('Redis pipeline', () => {
  let redis: Redis;
  /** The commands of each write to the socket. */
  let writes: string[][];
  const key = `pipeline-test:${process.pid}`;
  before(() => {
    redis = new Redis(serverUrls().redisUrl);
    const send = redis.pipeline.bind(redis);
    redis.pipeline = (commands) => {
      writes.push((commands as string[][]).map((words) => words.join(' ')));
      return send(commands);
    };
  });
  beforeEach(async () => {
    await redis.del(key);
    writes = [];
  });
  after(async () => {
    await redis.del(key);
    redis.disconnect();
  });

  it('the commands of one turn of the event loop are sent in one write, and each caller gets its replies', async () => {
    const replies = await Promise.all([
      pipeline(redis, [
        ['RPUSH', key, 'a', 'b'],
        ['LLEN', key],
      ]),
      pipeline(redis, [['LRANGE', key, 0, -1]]),
      pipeline(redis, []),
    ]);
    expect(replies).to.deep.equal([[2, 2], [['a', 'b']], []]);
    expect(writes).to.have.length(1);
  });

  it('a shared last command is sent once, after the commands of all callers', async () => {
    const shared: RedisCommand = ['LLEN', key];
    const alike: RedisCommand = ['LLEN', key];
    const replies = await Promise.all([
      pipelineThen(redis, [['RPUSH', key, 'a']], shared),
      pipelineThen(redis, [['RPUSH', key, 'b']], shared),
      pipelineThen(redis, [], alike),
      pipeline(redis, [['RPUSH', key, 'c']]),
    ]);
    expect(replies).to.deep.equal([[1, 3], [2, 3], [3], [3]]);
    const [push, length] = ['rpush', 'llen'].map((name) => (rest: string) => `${name} ${key}${rest}`);
    expect(writes).to.deep.equal([[push!(' a'), push!(' b'), push!(' c'), length!(''), length!('')]]);
  });

  it('a command that fails rejects only the call that sent it', async () => {
    const [failed, last, other] = await Promise.allSettled([
      pipelineThen(redis, [['INCR', key, 'too', 'many']], ['LLEN', key]),
      pipelineThen(redis, [['RPUSH', key, 'a']], ['GET', key]),
      pipelineThen(redis, [['LLEN', key]], ['TYPE', key]),
    ]);
    expect(
      [failed, last].map((one) => one.status === 'rejected' && one.reason instanceof ReadModelUnavailable),
    ).to.deep.equal([true, true]);
    expect(other).to.deep.include({ status: 'fulfilled', value: [1, 'list'] });
  });
});
