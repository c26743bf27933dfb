import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { inTransaction } from '../../../src/event-log/connection/in-transaction.js';
import { clientOfPrimary, ServicePool } from '../../../src/event-log/connection/service-pool.js';
import { createTestLog, type TestLog } from '../../support/servers.js';

// An error event without a listener would end the process, and with it these tests.
describe('a session that PostgreSQL ends while nothing is in flight on it', () => {
  it('fails its transaction, and the next one works', async () => {
    const log: TestLog = await createTestLog(1);
    const interrupted = inTransaction(log.pool, async (client) => {
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      // `once` of node:events would listen to errors.
      const ended = new Promise<void>((resolve) => client.once('end', resolve));
      await log.owner.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
      await ended;
      await client.query('select 1');
    });
    expect(await interrupted.catch((error: Error) => error.message)).to.match(/not queryable|terminat/);
    expect(await inTransaction(log.pool, async (client) => (await client.query('select 1')).rowCount)).to.equal(1);
    await log.close();
  });

  for (const [name, Client] of [
    ['a URL with one host', undefined],
    ['a URL with several hosts', clientOfPrimary],
  ] as const) {
    it(`as soon as it is open makes the first statement fail, with ${name}`, async () => {
      const server = await startEndingServer();
      const address = server.address();
      const url = `postgresql://u@127.0.0.1:${typeof address === 'object' ? address?.port : ''}/d`;
      const pool = new ServicePool({ connectionString: url, ...(Client ? { Client: Client(url) } : {}) });
      pool.on('error', () => undefined);
      expect(await pool.query('select 1').catch(() => 'failed')).to.equal('failed');
      await pool.end();
      server.close();
    });
  }
});

/** A server that accepts a login, and ends the session in the same packet. */
async function startEndingServer(): Promise<Server> {
  const message = (type: string, body: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length + 4);
    return Buffer.concat([Buffer.from(type), length, body]);
  };
  const ok = message('R', Buffer.alloc(4));
  const ready = message('Z', Buffer.from('I'));
  const fatal = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection\0\0'));
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(Buffer.concat([ok, ready, fatal])));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
