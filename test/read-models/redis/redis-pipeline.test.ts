import type { Duplex } from 'node:stream';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { ReadModelUnavailable } from '../../../src/read-models/read-model-unavailable.js';
import type { RedisCommand } from '../../../src/read-models/redis/redis-command.js';
import { pipeline, pipelineThen } from '../../../src/read-models/redis/redis-pipeline.js';
import { serverUrls } from '../../support/servers.js';

describe('Redis pipeline', () => {
  let redis: Redis;
  /** The text of each write to the socket, without its line breaks. */
  let writes: string[] = [];
  const key = `pipeline-test:${process.pid}`;
  before(async () => {
    redis = new Redis(serverUrls().redisUrl);
    await redis.ping();
    watchWrites(redis.stream);
  });

  function watchWrites(socket: Duplex): void {
    const [one, several] = [socket._write.bind(socket), socket._writev?.bind(socket)];
    socket._write = (chunk, encoding, done) => {
      writes.push(String(chunk).replaceAll('\r\n', ' '));
      one(chunk, encoding, done);
    };
    socket._writev = (chunks, done) => {
      writes.push(
        chunks
          .map(({ chunk }) => String(chunk))
          .join('')
          .replaceAll('\r\n', ' '),
      );
      several?.(chunks, done);
    };
  }

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
    const words = (...all: string[]) => `*${all.length} ${all.map((word) => `$${word.length} ${word} `).join('')}`;
    const pushed = ['a', 'b', 'c'].map((item) => words('rpush', key, item)).join('');
    expect(writes).to.deep.equal([pushed + words('llen', key).repeat(2)]);
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

  it('no caller gets replies from before and from after the loss of the connection', async () => {
    const [first, second] = await Promise.allSettled([
      pipeline(redis, [
        ['SET', key, 'x'],
        ['GET', key],
      ]),
      // Redis closes the connection after the reply, or before: the commands after it have none.
      pipeline(redis, [
        ['CLIENT', 'KILL', 'SKIPME', 'no', 'ID', await redis.client('ID')],
        ['GET', key],
      ]),
      pipeline(redis, [['GET', key]]),
    ]);
    expect(first).to.deep.include({ status: 'fulfilled', value: ['OK', 'x'] });
    expect(second.status === 'rejected' && second.reason instanceof ReadModelUnavailable).to.equal(true);
  });
});
