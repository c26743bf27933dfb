import { connect, createServer } from 'node:net';
import { expect } from 'chai';
import { refusalOf } from '../support/local-service.js';
import { runOrders } from '../support/orders-command.js';
import { createTestLog, type TestLog } from '../support/servers.js';

describe('A Redis that is too old', () => {
  let log: TestLog;
  let old: { readonly redisUrl: string; close(): void };
  before(async () => {
    log = await createTestLog(2);
    old = await oldServerAt(log.redisUrl);
  });
  after(async () => {
    old.close();
    await log.close();
  });

  const sentence = /REDIS_URL leads to Redis 6\.0\S*, but the service needs Redis 6\.2 or newer, or Valkey/;

  it('ends a start with a sentence that names its version and the needed one', async () => {
    expect(await refusalOf({ databaseUrl: log.databaseUrl, redisUrl: old.redisUrl })).to.match(sentence);
  });

  it('is wrong for orders doctor', async () => {
    const { code, output } = await runOrders({ databaseUrl: log.databaseUrl, redisUrl: old.redisUrl }, ['doctor']);
    expect(code).to.equal(1);
    expect(output).to.match(sentence);
  });
});

/** A server in front of a Redis or Valkey, whose INFO has the version of an old Redis. */
async function oldServerAt(redisUrl: string) {
  const { hostname, port } = new URL(redisUrl);
  const server = createServer((client) => {
    const redis = connect(Number(port), hostname);
    client.pipe(redis);
    redis.on('data', (reply) => client.write(aged(reply)));
    client.on('close', () => redis.destroy());
    redis.on('close', () => client.destroy());
    for (const socket of [client, redis]) socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(redisUrl);
  url.port = String((server.address() as { port: number }).port);
  return { redisUrl: url.href, close: () => server.close() };
}

/** The reply keeps its length, which stands before it. */
function aged(reply: Buffer): Buffer {
  const text = reply.toString('latin1').replace(/redis_version:\d\.\d/, 'redis_version:6.0');
  return Buffer.from(text.replace('server_name:valkey', 'server_name:______'), 'latin1');
}
