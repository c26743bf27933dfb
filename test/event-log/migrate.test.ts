import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import pg from 'pg';
import { createAppender } from '../../src/event-log/append.js';
import { createPool, readLogSettings } from '../../src/event-log/database.js';
import { migrate } from '../../src/event-log/migrate.js';
import { placedEvent } from '../support/events.js';
import { createDatabase } from '../support/servers.js';

describe('migrate', () => {
  it('lets one of several processes that start at once do the work', async () => {
    const url = await createDatabase();
    const results = await Promise.all(Array.from({ length: 5 }, () => migrate(url, 16)));
    expect(results.filter(({ applied }) => applied.length > 0)).to.have.length(1);
    expect((await query(url, 'select count(*)::int as n from logs'))[0]).to.deep.equal({ n: 16 });
  });

  it('does nothing to a database that is up to date, and keeps its number of partitions', async () => {
    const url = await createDatabase();
    await migrate(url, 4);
    expect((await migrate(url, 16)).applied).to.deep.equal([]);
    expect((await query(url, 'select partitions from log_settings'))[0]).to.deep.equal({ partitions: 4 });
  });

  it('refuses a database that a newer version has migrated', async () => {
    const url = await createDatabase();
    await migrate(url, 16);
    await query(url, `insert into schema_migrations (version, name, sha256) values (999, 'from the future', '')`);
    expect(String(await migrate(url, 16).catch((error: Error) => error))).to.match(/version 999.*newer version/);
  });

  it('refuses a database to which another text of a file was applied', async () => {
    const url = await createDatabase();
    await migrate(url, 16);
    await query(url, `update schema_migrations set sha256 = 'other' where version = 2`);
    expect(String(await migrate(url, 16).catch((error: Error) => error))).to.match(/002_.* was changed after/);
  });

  it('lets a service work that connects as a mere member of its role', async () => {
    const url = new URL(await createDatabase());
    const login = `${url.pathname.slice(1)}_service`;
    await migrate(url.href, 4);
    await query(url.href, `create role "${login}" login password 'x'; grant orders_service to "${login}"`);
    url.username = login;
    url.password = 'x';
    const pool = createPool(url.href, 2, () => undefined);
    expect((await readLogSettings(pool)).partitions).to.equal(4);
    const append = createAppender(pool, await readLogSettings(pool), () => undefined);
    expect((await append({ orderId: randomUUID(), expectedVersion: 0, events: [placedEvent()] })).appended).to.equal(
      true,
    );
    await pool.end();
  });

  it('refuses a database that is not in UTF-8', async () => {
    const url = await createDatabase(`encoding 'LATIN1' template template0`);
    expect(String(await migrate(url, 16).catch((error: Error) => error))).to.match(/UTF8/);
  });

  it('works for an owner who is no superuser', async () => {
    const url = new URL(await createDatabase());
    const database = url.pathname.slice(1);
    await query(url.href, `create role "${database}" login createrole password 'x'`);
    await query(
      url.href,
      `alter database "${database}" owner to "${database}"; grant orders_service to "${database}" with admin option`,
    );
    url.username = database;
    url.password = 'x';
    expect((await migrate(url.href, 16)).applied).to.have.length.greaterThan(0);
  });

  async function query(url: string, sql: string): Promise<object[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const result = await client.query(sql);
      return result.rows ?? [];
    } finally {
      await client.end();
    }
  }
});
