import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { expect } from 'chai';
import pg from 'pg';
import { type EmbeddedPostgres, findPostgres, startPostgres } from '../../src/embedded/postgres.js';
import { createAppender } from '../../src/event-log/append/group-commit.js';
import { ensureLogin, loginOf, loginWarning } from '../../src/event-log/connection/service-login.js';
import { createPool, readLogSettings } from '../../src/event-log/database.js';
import { migrate } from '../../src/event-log/migrate.js';
import { createDataDir } from '../support/data-dir.js';
import { place } from '../support/events.js';

describe('The login of the running service', () => {
  let folder: string;
  let server: EmbeddedPostgres;
  before(async () => {
    folder = await createDataDir('logins');
    server = await startPostgres(folder, () => undefined);
    await migrate(server.url, 4);
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function connected<T>(url: string, task: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return await task(client);
    } finally {
      await client.end();
    }
  }

  it('of the embedded PostgreSQL appends, and cannot undo append-only by putting its role down', async () => {
    const pool = createPool(server.serviceUrl, 2);
    try {
      const { append } = createAppender(pool, await readLogSettings(pool));
      const orderId = randomUUID();
      expect((await place(append, orderId)).version).to.equal(1);
      expect(await loginWarning(pool)).to.equal(undefined);
      const session = await pool.connect();
      await session.query('reset role');
      for (const attempt of [
        'alter table events disable trigger all',
        'set session_replication_role = replica',
        `update events set type = 'x'`,
        'delete from events',
        'truncate events',
        'insert into events select * from events',
        'drop table events',
        'create table mine (a int)',
        'set role orders',
        `alter role orders_app superuser`,
      ]) {
        const error = await session.query(attempt).catch((reason: Error) => reason);
        expect(String(error), attempt).to.match(/permission denied|must be owner|Only roles with/);
      }
      session.release(true);
    } finally {
      await pool.end();
    }
  });

  it('of the embedded PostgreSQL is created on files that an earlier release has made', async () => {
    await connected(server.url, async (client) => {
      await client.query('reassign owned by orders_app to orders; drop role orders_app');
    });
    const found = await findPostgres(folder);
    expect(found?.serviceUrl).to.equal(server.serviceUrl);
    await connected(server.serviceUrl, (client) => client.query('set role orders_service; select from events'));
  });

  it('may start the service on a database that is up to date, and is refused on another', async () => {
    expect(await migrate(server.serviceUrl, 4)).to.deep.include({ applied: [], warnings: [] });
    await connected(server.url, (client) => client.query(`update schema_functions set sha256 = 'x'`));
    const error = await migrate(server.serviceUrl, 4).catch((reason: Error) => reason);
    expect(String(error)).to.match(/permission denied|must be owner/);
    await migrate(server.url, 4);
  });

  it('that may change the log is named by a warning', async () => {
    const pool = createPool(server.url, 1);
    const warning = await loginWarning(pool).finally(() => pool.end());
    expect(warning).to.match(/the login orders of DATABASE_URL owns the log.*"Roles" in docs\/servers.md/);
  });

  it('that may insert events past the append functions is named by a warning', async () => {
    await connected(server.url, async (client) => {
      await client.query(`create role writer login password 'x' in role orders_service`);
      await client.query('grant pg_write_all_data to writer');
    });
    const url = new URL(server.url);
    [url.username, url.password] = ['writer', 'x'];
    const pool = createPool(url.href, 1);
    const warning = await loginWarning(pool).finally(() => pool.end());
    expect(warning).to.match(/the login writer of DATABASE_URL has rights beyond the service’s role/);
  });

  it('of DATABASE_URL is created by the migration, with its password, if it does not exist', async () => {
    const login = { name: 'a shop’s app', password: `it's "secret"` };
    const url = new URL(server.url);
    [url.username, url.password] = [encodeURIComponent(login.name), encodeURIComponent(login.password)];
    expect(loginOf(url.href)).to.deep.equal(login);
    await migrate(server.url, 4, { login });
    await migrate(server.url, 4, { login });
    await connected(url.href, (client) => client.query('set role orders_service; select from events'));
    // A session that may not create it leaves it to the operator.
    await connected(server.serviceUrl, async (client) => {
      await client.query('begin');
      await ensureLogin(client, { name: 'nobody', password: 'x' }, 'orders_service');
      await client.query('commit');
    });
    expect(loginOf('postgresql://db/orders')).to.equal(undefined);
  });
});
