import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { DatabaseUnavailable, ServerSilent } from '../../../src/event-log/connection/database-unavailable.js';
import { inTransaction } from '../../../src/event-log/connection/in-transaction.js';
import { clientOfPrimary } from '../../../src/event-log/connection/pooled-client.js';
import { ServicePool } from '../../../src/event-log/connection/service-pool.js';
import { createPool } from '../../../src/event-log/database.js';
import { createJsonLogger } from '../../../src/service/logger.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';

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

describe('a pool that refuses connections', () => {
  const reason = new ServerSilent(new Error('away'));
  const outcome = (task: Promise<unknown>) =>
    task.then(
      () => 'connected',
      (error: unknown) => error,
    );

  for (const [name, Client] of [
    ['one host', undefined],
    ['several hosts', clientOfPrimary],
  ] as const) {
    it(`refuses the callers whose connections are being opened, and has room again, with ${name}`, async () => {
      const server = createServer((socket) => socket.on('error', () => undefined));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
      const url = `postgresql://u@${Client ? `${host},${host}` : host}/d`;
      // Without a time limit, a caller that is not refused waits for ever.
      const pool = new ServicePool({
        connectionString: `postgresql://u@${host}/d`,
        max: 2,
        ...(Client ? { Client: Client(url) } : {}),
      });
      const callers = [pool.connect(), pool.query('select 1'), pool.connect(), pool.query('select 1')].map(outcome);
      await once(server, 'connection');
      pool.refuse(reason);
      for (const error of await Promise.all(callers)) expect(error).to.be.instanceOf(DatabaseUnavailable);
      await eventually('the pool to have room', () => pool.totalCount === 0 && pool.waitingCount === 0);
      await pool.end();
      server.close();
    });
  }

  it('refuses the callers that wait for a connection in use, and works once it accepts', async () => {
    const log = await createTestLog(1);
    const pool = createPool(log.databaseUrl, 1);
    const inUse = await pool.connect();
    const waiting = [pool.connect(), pool.query('select 1')].map(outcome);
    pool.refuse(reason);
    for (const error of await Promise.all(waiting)) expect(String(error)).to.match(/PostgreSQL does not respond/);
    inUse.release();
    pool.accept();
    expect((await pool.query('select 1 as one')).rows).to.deep.equal([{ one: 1 }]);
    await pool.end();
    await log.close();
  });

  it('tells once in the log that idle connections broke', async () => {
    const log = await createTestLog(1);
    const lines: string[] = [];
    const pool = createPool(
      log.databaseUrl,
      3,
      createJsonLogger('info', { write: (line) => lines.push(JSON.parse(line).msg) }),
    );
    for (const client of await Promise.all([pool.connect(), pool.connect(), pool.connect()])) client.release();
    for (const { end } of pool.connections) end(reason);
    await eventually('the connections to be gone', () => pool.totalCount === 0);
    expect(lines).to.deep.equal(['PostgreSQL: idle connections broke; the pool replaces them']);
    await pool.end();
    await log.close();
  });

  it('tells in the log that no further connections broke, once a statement succeeds on one that is left', async () => {
    const log = await createTestLog(1);
    const lines: string[] = [];
    const pool = createPool(
      log.databaseUrl,
      2,
      createJsonLogger('info', { write: (line) => lines.push(JSON.parse(line).msg) }),
    );
    let opened = 0;
    pool.on('connect', () => {
      opened += 1;
    });
    try {
      for (const client of await Promise.all([pool.connect(), pool.connect()])) client.release();
      pool.connections[0]?.end(reason);
      await eventually('a connection to be gone', () => pool.totalCount === 1);
      await pool.query('select 1');
      await eventually('the line', () => lines.length === 2);
      expect(lines[1]).to.equal('PostgreSQL: the connections of the pool work, and no further ones broke');
      expect(opened, 'connections').to.equal(2);
    } finally {
      await pool.end();
      await log.close();
    }
  });
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
