import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import pg from 'pg';
import { createAppender } from '../../../src/event-log/append/group-commit.js';
import type { DatabaseAccess } from '../../../src/event-log/connection/database-access.js';
import { inspectDatabase } from '../../../src/event-log/connection/inspect-database.js';
import { createPool, type Pool, readLogSettings } from '../../../src/event-log/database.js';
import { migrate } from '../../../src/event-log/migrate.js';
import { PartitionOwnership } from '../../../src/event-log/partition-ownership.js';
import { createStreamReader } from '../../../src/event-log/read/read-stream.js';
import { placedEvent } from '../../support/events.js';
import { asAdmin, createDatabase, createTestLog, eventually, silent, type TestLog } from '../../support/servers.js';

const role = 'orders_service';

describe('the settings of the service’s sessions', () => {
  /**
   * Settings of an administrator, for reasons of other applications, and those that the service
   * needs.
   */
  const settings: Readonly<Record<string, readonly [hostile: string, needed: string]>> = {
    TimeZone: ['America/New_York', 'UTC'],
    DateStyle: ['SQL, DMY', 'ISO, MDY'],
    IntervalStyle: ['sql_standard', 'postgres'],
    bytea_output: ['escape', 'hex'],
    extra_float_digits: ['-15', '1'],
    client_encoding: ['LATIN1', 'UTF8'],
    standard_conforming_strings: ['off', 'on'],
    default_transaction_isolation: ['serializable', 'read committed'],
    default_transaction_read_only: ['on', 'off'],
    lock_timeout: ['1ms', '0'],
    statement_timeout: ['500ms', '15s'],
    idle_in_transaction_session_timeout: ['1ms', '15s'],
    transaction_timeout: ['500ms', '0'],
    idle_session_timeout: ['500ms', '0'],
    synchronous_commit: ['off', 'on'],
    jit: ['on', 'off'],
    search_path: ['nowhere', 'public, pg_temp'],
  };

  let log: TestLog;
  let database: string;
  before(async () => {
    log = await createTestLog(4);
    database = new URL(log.databaseUrl).pathname.slice(1);
  });
  after(() => log.close());

  describe('that the database has changed', () => {
    before(async () => {
      for (const [name, [hostile]] of Object.entries(settings)) {
        if (!(await exists(name))) continue;
        await asAdmin(`alter database ${database} set ${name} = '${hostile}'`);
      }
    });

    it('are what the service needs, in every session of the pool', async () => {
      await withPool(log.databaseUrl, async (pool) => {
        const clients = await Promise.all([pool.connect(), pool.connect()]);
        for (const client of clients) {
          for (const [name, [, needed]] of Object.entries(settings)) {
            if (!(await exists(name))) continue;
            const { rows } = await client.query('select current_setting($1) as value, current_user as role', [name]);
            expect(rows, name).to.deep.equal([{ value: needed, role }]);
          }
          client.release();
        }
      });
    });

    it('let it migrate, append and read as ever, and begin no second log', async () => {
      expect((await migrate(log.databaseUrl, 4)).applied).to.deep.equal([]);
      await withPool(log.databaseUrl, async (pool) => {
        const { append } = createAppender(pool, log.settings);
        const orderId = randomUUID();
        const text = { ...placedEvent(), data: JSON.stringify({ ...JSON.parse(placedEvent().data), user_id: 'ü€\\' }) };
        expect((await append({ orderId, expectedVersion: 0, events: [text] })).appended).to.equal(true);
        const [event] = (await createStreamReader(pool, 4)(orderId)).events;
        expect(event).to.deep.include({ data: text.data, occurredAt: text.occurredAt });
        expect(Math.abs(Date.parse(event?.recordedAt ?? '') - Date.now())).to.be.lessThan(60_000);
      });
    });

    it('let it own partitions', async () => {
      const ownership = new PartitionOwnership(log.databaseUrl, log.settings, 'settings', silent);
      ownership.start();
      await eventually('all partitions', () => ownership.owned.size === 4);
      await ownership.close();
    });
  });

  it('keep the options of the URL that do not concern them', async () => {
    const url = new URL(log.databaseUrl);
    url.searchParams.set('options', '-c work_mem=7MB -c timezone=America/New_York -c role=none');
    await withPool(url.href, async (pool) => {
      const { rows } = await pool.query(
        `select current_setting('work_mem') as memory, current_setting('TimeZone') as zone, current_user as role`,
      );
      expect(rows).to.deep.equal([{ memory: '7MB', zone: 'UTC', role }]);
    });
  });

  it('say so if the login is a member that may not take on the role', async function () {
    const { rows } = await log.owner.query<{ version: number }>(
      `select current_setting('server_version_num')::integer as version`,
    );
    if ((rows[0]?.version ?? 0) < 160_000) this.skip(); // These have no "with set".
    const url = await login('grant orders_service to %I with set false');
    expect(await failure({ url, role }))
      .to.contain('may not take on the role orders_service')
      .and.to.contain(`grant orders_service to "${new URL(url).username}" with set true`);
  });

  it('say so if the login is no member of the role, or if there is no such role', async () => {
    expect(await failure({ url: await login(''), role })).to.match(
      /may not take on the role orders_service.*grant orders_service to/,
    );
    expect(await failure({ url: log.databaseUrl, role: 'no_such_role' })).to.match(
      /no_such_role does not exist.*orders migrate/,
    );
  });

  it('are checked, and not changed, in sessions that a pooler shares with others', async () => {
    const direct = await createDatabase();
    const name = new URL(direct).pathname.slice(1);
    const own = `own_${name}`;
    await migrate(direct, 2, { role: own });
    await asAdmin(`alter role ${own} login password 'x'`);
    const url = Object.assign(new URL(direct), { username: own, password: 'x' }).href;
    const shared = { url, directUrl: direct, role: own };
    const pool = createPool(shared, 1);
    const append = { orderId: randomUUID(), expectedVersion: 0, events: [placedEvent()] };
    expect((await createAppender(pool, await readLogSettings(pool)).append(append)).appended).to.equal(true);
    expect((await pool.query('select name from pg_prepared_statements')).rows, 'no session has to know them').to.be
      .empty;
    await pool.end();
    await asAdmin(`alter role ${own} in database ${name} set timezone = 'America/New_York'`);
    expect(await failure(shared)).to.match(
      new RegExp(
        `The setting TimeZone is America/New_York, but has to be UTC.*alter role ${own} in database "${name}" set TimeZone = 'UTC'`,
      ),
    );
    await migrate(direct, 2, { role: own });
    expect(await failure(shared), 'a migration stores the settings again').to.equal('connected');
    expect(await failure({ ...shared, url: direct })).to.match(new RegExp(`needs the login ${own}`));
  });

  it('never mistake a text in another time zone for UTC', async () => {
    await withPool(log.databaseUrl, async (pool) => {
      const client = await pool.connect();
      await client.query(`set timezone = 'America/New_York'`);
      const error = await client.query('select now()').catch((failed: Error) => failed);
      expect(String(error)).to.match(/TimeZone has to be UTC/);
      client.release(true);
    });
  });

  it('name the log that is meant if two schemas hold one', async () => {
    const url = await createDatabase();
    await migrate(url, 2);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query('create schema other');
    const chosen = new URL(url);
    chosen.searchParams.set('options', '-c search_path=other');
    await migrate(chosen.href, 3);
    await withPool(chosen.href, async (pool) => expect((await readLogSettings(pool)).partitions).to.equal(3));
    await withPool(url, async (pool) => expect((await readLogSettings(pool)).partitions).to.equal(2));
    await client.query(`alter database "${new URL(url).pathname.slice(1)}" set search_path = nowhere`);
    await client.end();
    const error = await migrate(url, 2).catch((failed: Error) => failed);
    expect(String(error)).to.match(/schemas other and public each hold an event log.*search_path%3Dother/);
  });

  /** Whether this version of PostgreSQL has the setting. */
  async function exists(setting: string): Promise<boolean> {
    const { rows } = await log.owner.query('select current_setting($1, true) is not null as exists', [setting]);
    return rows[0]?.exists;
  }

  /** A login of its own in the log's database. */
  async function login(grant: string): Promise<string> {
    const name = `login_${randomUUID().slice(0, 8)}`;
    await asAdmin(`create role ${name} login password 'x'; ${grant.replace('%I', name)}`);
    const url = new URL(log.databaseUrl);
    url.username = name;
    url.password = 'x';
    return url.href;
  }

  async function failure(access: DatabaseAccess): Promise<string> {
    const pool = createPool(access, 1);
    try {
      await pool.query('select 1');
      return 'connected';
    } catch (error) {
      return String(error);
    } finally {
      await pool.end();
    }
  }

  async function withPool(url: string, task: (pool: Pool) => Promise<unknown>): Promise<void> {
    const pool = createPool(await inspectDatabase({ url, role }), 2);
    try {
      await task(pool);
    } finally {
      await pool.end();
    }
  }
});

describe('a second application on the same server', () => {
  it('has a role of its own, and cannot read the log of the first', async () => {
    const [first, second] = [await createDatabase(), await createDatabase()];
    await migrate(first, 2);
    await migrate(second, 2, { role: 'shop_b_orders' });
    const name = `shop_b_${randomUUID().slice(0, 8)}`;
    await asAdmin(`create role ${name} login password 'x'; grant shop_b_orders to ${name}`);
    const as = (url: string) => Object.assign(new URL(url), { username: name, password: 'x' }).href;
    const own = createPool({ url: as(second), role: 'shop_b_orders' }, 1);
    const append = { orderId: randomUUID(), expectedVersion: 0, events: [placedEvent()] };
    expect((await createAppender(own, await readLogSettings(own)).append(append)).appended).to.equal(true);
    await own.end();
    const foreign = createPool({ url: as(first), role: 'shop_b_orders' }, 1);
    expect(String(await foreign.query('select from events').catch((error: Error) => error))).to.match(
      /permission denied/,
    );
    await foreign.end();
  });

  it('that gets its role later takes the log away from the role before', async () => {
    const url = await createDatabase();
    await migrate(url, 2);
    expect((await migrate(url, 2, { role: 'shop_c_orders' })).applied).to.deep.equal([]);
    const pool = createPool({ url, role: 'shop_c_orders' }, 1);
    const append = { orderId: randomUUID(), expectedVersion: 0, events: [placedEvent()] };
    expect((await createAppender(pool, await readLogSettings(pool)).append(append)).appended).to.equal(true);
    await pool.end();
    const former = createPool({ url, role }, 1);
    expect(String(await former.query('select from events').catch((error: Error) => error))).to.match(
      /permission denied/,
    );
    await former.end();
  });
});
