import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import pg from 'pg';
import { blocksRunBy } from '../support/block-runs.js';
import { commandsOf } from '../support/console-blocks.js';
import { appender, noteEvent, orderIdIn, place } from '../support/events.js';
import { startLocalService } from '../support/local-service.js';
import { asAdmin, createTestLog, serverUrls, type TestLog } from '../support/servers.js';
import { Shell } from '../support/shell.js';

const codeOf = (page: string, language: string) =>
  blocksRunBy('test/docs/sql.test.ts', page).flatMap((block) => (block.language === language ? [block.code] : []));

/** The statements of a block. A database can only be created by a statement of its own. */
const statementsOf = (sql: string) => sql.split(/;.*\n/).filter((statement) => statement.trim() !== '');

/** A connection to a database of the test servers. */
async function connect({ database, user }: { readonly database: string; readonly user?: string }): Promise<pg.Client> {
  const url = new URL(serverUrls().databaseUrl);
  url.pathname = `/${database}`;
  if (user !== undefined) Object.assign(url, { username: user, password });
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  return client;
}

const password = 'secret';

/**
 * Replaces the names of a document, of which the servers of the tests have only one each: those of
 * roles and of the database begin with a name of their own.
 */
function namesOf(name: string): (text: string) => string {
  const { host } = new URL(serverUrls().databaseUrl);
  return (text) =>
    text
      .replaceAll(/\borders_(?=owner|service|app)/g, `${name}_`)
      .replaceAll(/create database orders\b/g, `create database ${name}`)
      .replaceAll(/@[\w.]+\/orders\?sslmode=verify-full/g, `@${host}/${name}`)
      .replaceAll('…', password);
}

describe('the SQL of the documents', () => {
  let log: TestLog;
  let name: string;
  before(async () => {
    log = await createTestLog(4);
    const append = appender(log);
    for (const partition of [0, 1]) {
      const orderId = orderIdIn(partition, 4);
      await place(append, orderId);
      await append({ orderId, expectedVersion: 1, events: [noteEvent('Grüße')] });
    }
  });
  after(() => log?.close());
  beforeEach(() => {
    name = `docs_${randomBytes(4).toString('hex')}`;
  });
  const removeRoles = async () => {
    await asAdmin(`drop database if exists ${name} with (force)`);
    for (const role of ['app', 'service_analyst', 'service', 'owner', 'admin'])
      await asAdmin(`drop role if exists ${name}_${role}`);
  };
  /** Does something in a transaction that is rolled back. */
  const undone = async (task: (client: pg.Client) => Promise<void>) => {
    const { owner } = log;
    await owner.query('begin');
    try {
      await task(owner);
    } finally {
      await owner.query('rollback');
    }
  };

  it('docs/audit.md recomputes the hash of every event', async () => {
    const [query = ''] = codeOf('docs/audit.md', 'sql');
    const { rows } = await log.owner.query(query);
    expect(rows).to.deep.equal(Array.from({ length: 4 }, () => ({ intact: true })));
  });

  it('docs/analysis.md creates the login of an analyst, who reads the views and nothing else', async () => {
    const [login = ''] = codeOf('docs/analysis.md', 'sql');
    await undone(async (client) => {
      await client.query(login.replaceAll(/\bana\b/g, name));
      const { rows } = await client.query('select rolconnlimit, rolconfig from pg_roles where rolname = $1', [name]);
      const settings = ['default_transaction_read_only=on', 'statement_timeout=5min'];
      expect(rows).to.deep.equal([{ rolconnlimit: 4, rolconfig: settings }]);
      await client.query(`set local role ${name}`);
      expect((await client.query('select from analysis_orders')).rowCount).to.equal(2);
      await expectDenied(client, 'select from events');
    });
  });

  it('docs/analysis.md gives the role of analysts the rights that a migration gives it', async () => {
    const [, role = ''] = codeOf('docs/analysis.md', 'sql');
    const rights = async (client: pg.Client, grantee: string) => {
      const { rows } = await client.query(
        `select table_name as name, privilege_type as right from information_schema.role_table_grants where grantee = $1
         union all select routine_name, privilege_type from information_schema.role_routine_grants where grantee = $1
         union all select 'schema', has_schema_privilege($1, 'public', 'usage')::text order by 1, 2`,
        [grantee],
      );
      return rows;
    };
    await undone(async (client) => {
      await client.query(role.replaceAll('orders_service_analyst', name));
      const granted = await rights(client, name);
      expect(granted.length).to.be.greaterThan(15);
      expect(granted).to.deep.equal(await rights(client, 'orders_service_analyst'));
    });
  });

  it('docs/database-roles.md sets up a managed server, on which the service then runs without rights of the owner', async () => {
    const [setUp = '', change = ''] = codeOf('docs/database-roles.md', 'sql').map(namesOf(name));
    const [migrate = '', start = '', ...others] = codeOf('docs/database-roles.md', 'sh').flatMap((code) =>
      commandsOf({ language: 'sh', code: namesOf(name)(code) }).map(({ command }) => command),
    );
    expect(others).to.deep.equal([]);
    // The administrator of a managed server is no superuser.
    await asAdmin(`create role ${name}_admin login createrole createdb password '${password}'`);
    const admin = await connect({ database: 'postgres', user: `${name}_admin` });
    const shell = await Shell.open(
      { url: 'http://unused', log },
      { ORDERS_DB_ROLE: `${name}_service` },
      {
        npm: async (args, env) => {
          expect(args).to.deep.equal(['start']);
          const { DATABASE_URL = '', ORDERS_DB_ROLE = '' } = env;
          const servers = { databaseUrl: DATABASE_URL, redisUrl: log.redisUrl };
          const service = await startLocalService(servers, { ORDERS_DB_ROLE });
          await service.stop();
          return { code: 0, stdout: service.output(), stderr: '', output: service.output() };
        },
      },
    );
    try {
      for (const statement of statementsOf(setUp)) await admin.query(statement);
      await shell.run(migrate);
      expect(await shell.run(start), 'the log of the start').not.to.include('disable the triggers');
      await admin.query(change.replace(password, 'another'));
      const old = await connect({ database: name, user: `${name}_app` }).catch((error: Error) => error);
      expect(String(old)).to.match(/password authentication failed/);
    } finally {
      await shell.close();
      await admin.end();
      await removeRoles();
    }
  });

  it('docs/servers.md creates an owner, which may create the login of the service, and lets the role log in', async () => {
    const [owner = '', pooled = ''] = codeOf('docs/servers.md', 'sql').map(namesOf(name));
    const url = (user: string) => namesOf(name)(`postgresql://${user}:…@db.example/orders?sslmode=verify-full`);
    const env = {
      ORDERS_DB_ROLE: `${name}_service`,
      MIGRATION_DATABASE_URL: url(`${name}_owner`),
      DATABASE_URL: url(`${name}_app`),
    };
    const shell = await Shell.open({ url: 'http://unused', log }, env);
    try {
      for (const statement of statementsOf(owner)) await asAdmin(statement);
      await shell.run('npx orders migrate');
      const app = await connect({ database: name, user: `${name}_app` });
      await app.query(`set role ${name}_service`);
      await expectDenied(app, 'delete from events');
      await app.end();
      await asAdmin(pooled);
      await (await connect({ database: name, user: `${name}_service` })).end();
    } finally {
      await shell.close();
      await removeRoles();
    }
  });
});

async function expectDenied(client: pg.Client, statement: string): Promise<void> {
  const error = await client.query(statement).catch((failed: Error) => failed);
  expect(String(error), statement).to.match(/permission denied/);
}
