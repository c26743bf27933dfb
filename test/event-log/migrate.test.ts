import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import pg from 'pg';
import { createAppender } from '../../src/event-log/append/group-commit.js';
import { createPool, readLogSettings } from '../../src/event-log/database.js';
import { migrate, requireMigrated } from '../../src/event-log/migrate.js';
import { readSchema, type Schema, sqlFile } from '../../src/event-log/sql-files.js';
import { orderIdIn, placedEvent } from '../support/events.js';
import { createDatabase, eventually } from '../support/servers.js';

describe('migrate', () => {
  it('lets one of several processes that start at once do the work', async () => {
    const url = await createDatabase();
    const results = await Promise.all(Array.from({ length: 5 }, () => migrate(url, 16)));
    expect(results.filter(({ applied }) => applied.length > 0)).to.have.length(1);
    expect((await query(url, 'select count(*)::int as n from partition_heads'))[0]).to.deep.equal({ n: 16 });
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
    expect(await refusal(migrate(url, 16))).to.match(/version 999.*newer version/);
  });

  it('refuses a database to which another text of a file was applied', async () => {
    const url = await createDatabase();
    await migrate(url, 16);
    await query(url, `update schema_migrations set sha256 = 'other' where version = 2`);
    expect(await refusal(migrate(url, 16))).to.match(/002_.* was changed after/);
  });

  it('refuses a database of a development version, changes nothing in it, and says how to start', async () => {
    const url = await createDatabase();
    await query(
      url,
      `create table schema_migrations (version integer primary key, name text not null, sha256 text not null);
       insert into schema_migrations values (1, '001_event_log.sql', 'x'), (2, '002_append_events.sql', 'x'),
         (11, '011_append_all_or_nothing.sql', 'x');
       create table log_settings (partitions smallint); create table logs (partition smallint);`,
    );
    const message = await refusal(migrate(url, 16));
    expect(message).to.match(/development version.*never released/);
    for (const remedy of ['remove the data folder', 'ORDERS_DATA_DIR', 'DATABASE_URL', 'orders export']) {
      expect(message).to.contain(remedy);
    }
    expect(
      await query(url, 'select relname from pg_class where relname = any (array[$$schema_functions$$, $$events$$])'),
    ).to.be.empty;
  });

  it('is left to the service and to orders migrate: other commands refuse, and change nothing', async () => {
    const url = await createDatabase();
    const tables = () =>
      query(url, `select count(*)::int as n from pg_class where relnamespace = 'public'::regnamespace`);
    expect(await refusal(requireMigrated(url))).to.match(/has no event log: .*`orders migrate`/);
    expect(await tables()).to.deep.equal([{ n: 0 }]);
    await migrate(url, 4);
    await requireMigrated(url);
    await query(url, `insert into schema_migrations (version, name, sha256) values (999, 'from the future', '')`);
    expect(await refusal(requireMigrated(url))).to.match(/version 999.*newer version/);
    await query(url, 'delete from schema_migrations where version > 8');
    expect(await refusal(requireMigrated(url))).to.match(/is at version 8, but this command needs \d+: start/);
  });

  it('says what PostgreSQL hints at when a file fails', async () => {
    const url = new URL(await createDatabase());
    const login = url.pathname.slice(1);
    await query(
      url.href,
      `create role "${login}" login password 'x'; alter database "${login}" owner to "${login}";
       do $$ begin create role orders_service nologin; exception when duplicate_object then null; end $$`,
    );
    url.username = login;
    url.password = 'x';
    const message = await refusal(migrate(url.href, 16));
    expect(message).to.match(/002_service_role\.sql failed: .* may not take on the role orders_service/);
    expect(message).to.contain(`\nHINT: As a superuser: grant orders_service to ${login};`);
  });

  it('says PostgreSQL’s detail when a file fails, and applies none of them', async () => {
    const url = await createDatabase();
    const schema = await readSchema();
    const last = sqlFile(
      '007_twice.sql',
      'insert into log_settings default values; insert into api_key_changes default values;',
    );
    const message = await refusal(
      migrate(url, 16, { schema: { ...schema, migrations: [...schema.migrations, last] } }),
    );
    expect(message)
      .to.match(/007_twice\.sql failed/)
      .and.contain('\nDETAIL: ');
    expect(await query(url, `select from pg_class where relname = 'events'`)).to.be.empty;
  });

  it('lets a service work that connects as a mere member of its role', async () => {
    const url = new URL(await createDatabase());
    const login = `${url.pathname.slice(1)}_service`;
    await migrate(url.href, 4);
    await query(url.href, `create role "${login}" login password 'x'; grant orders_service to "${login}"`);
    url.username = login;
    url.password = 'x';
    const pool = createPool(url.href, 2);
    expect((await readLogSettings(pool)).partitions).to.equal(4);
    expect((await migrate(url.href, 4)).applied, 'applied by the member').to.deep.equal([]);
    const { append } = createAppender(pool, await readLogSettings(pool));
    expect((await append({ orderId: randomUUID(), expectedVersion: 0, events: [placedEvent()] })).appended).to.equal(
      true,
    );
    await pool.end();
  });

  it('refuses a database that is not in UTF-8', async () => {
    const url = await createDatabase(`encoding 'LATIN1' template template0`);
    expect(await refusal(migrate(url, 16))).to.match(/UTF8/);
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

  it('applies a function again when its text changes', async () => {
    const url = await createDatabase();
    const schema = await readSchema();
    await migrate(url, 4, { schema });
    const changed = withFunction(schema, 'order_partition', (sql) => sql.replace('% partitions', '% partitions + 0'));
    expect((await migrate(url, 4, { schema: changed })).applied).to.deep.equal(['functions/order_partition.sql']);
    expect((await migrate(url, 4, { schema: changed })).applied).to.deep.equal([]);
    expect((await migrate(url, 4, { schema })).applied).to.deep.equal(['functions/order_partition.sql']);
  });

  it('does not put older functions over those of a newer release', async () => {
    const url = await createDatabase();
    const older = await readSchema();
    const newer = nextRelease(
      withFunction(older, 'canonical_time', (sql) => sql.replace('select', 'select /* newer */')),
    );
    await migrate(url, 4, { schema: newer });
    expect((await migrate(url, 4, { schema: older })).applied).to.deep.equal([]);
    const [row] = await query(url, `select prosrc ~ 'newer' as newer from pg_proc where proname = 'canonical_time'`);
    expect(row).to.deep.equal({ newer: true });
  });

  it('remembers a release of functions whose texts are those of the release before', async () => {
    const url = await createDatabase();
    const older = await readSchema();
    await migrate(url, 4, { schema: older });
    expect((await migrate(url, 4, { schema: nextRelease(older) })).applied).to.deep.equal([]);
    const other = withFunction(older, 'canonical_time', (sql) => sql.replace('select', 'select /* other */'));
    expect((await migrate(url, 4, { schema: other })).applied).to.deep.equal([]);
  });

  it('applies functions that call one another, whatever their names', async () => {
    const url = await createDatabase();
    const schema = await readSchema();
    const calls = (name: string, called: string) =>
      sqlFile(
        `functions/${name}.sql`,
        `create or replace function ${name}() returns integer language sql as 'select ${called}';`,
      );
    const functions = [...schema.functions, calls('a_first', 'b_second()'), calls('b_second', '1')];
    await migrate(url, 4, { schema: { ...schema, functions } });
    expect(await query(url, 'select a_first() as one')).to.deep.equal([{ one: 1 }]);
  });

  it('changes nothing when one of the functions is wrong', async () => {
    const url = await createDatabase();
    const schema = await readSchema();
    await migrate(url, 4, { schema });
    const right = withFunction(schema, 'canonical_time', (sql) => sql.replace('select', 'select /* right */'));
    const wrong = withFunction(right, 'order_partition', (sql) => sql.replace('sha256', 'sha255'));
    expect(await refusal(migrate(url, 4, { schema: wrong }))).to.match(
      /functions\/order_partition\.sql failed: .*sha255/,
    );
    expect((await migrate(url, 4, { schema })).applied).to.deep.equal([]);
  });

  it('replaces functions and their result types while a process of the release before appends', async () => {
    const url = await createDatabase();
    const schema = await readSchema();
    await migrate(url, 4, { schema });
    const pool = createPool(url, 4);
    const { type, data, metadata, occurredAt } = placedEvent();
    const event = [[type], [data], [metadata], [occurredAt]];
    // Statements of that release. Its sessions have prepared them before the functions change.
    const calls = [
      {
        name: 'one',
        text: 'select accepted, version, "position", recorded_at from append_events($1, $2, $3, $4, $5, $6, $7, $8)',
      },
      {
        name: 'several',
        text: 'select accepted, version, "position", recorded_at from append_to_partitions(array[$1::smallint], $2, $3, $4, $5, $6, $7, $8)',
      },
    ];
    let appended = 0;
    let migrating = true;
    const appending = calls.map(async (call) => {
      for (let after = 0; migrating || after < 5; after += migrating ? 0 : 1) {
        const { rows } = await pool.query<{ accepted: boolean }>({
          ...call,
          values: [2, [orderIdIn(2, 4)], [0], [1], ...event],
        });
        expect(rows.map(({ accepted }) => accepted)).to.deep.equal([true]);
        appended += 1;
      }
    });
    await eventually('both to append', () => appended > 10);
    const oneColumnMore = (sql: string) => sql.replace(', hashes bytea)', ', hashes bytea, more text)');
    const names = ['append_events', 'append_to_partitions'];
    const newer = nextRelease(names.reduce((before, name) => withFunction(before, name, oneColumnMore), schema));
    const { applied } = await migrate(url, 4, { schema: newer });
    migrating = false;
    await Promise.all(appending);
    expect(applied).to.deep.equal(names.map((name) => `functions/${name}.sql`));
    expect(await query(url, 'select head::int as n from partition_heads where partition = 2')).to.deep.equal([
      { n: appended },
    ]);
    // The grants came with the functions: to the service's role, and to nobody else.
    for (const name of names) {
      const [row] = await query(
        url,
        `select array_agg(grantee::text order by grantee) as grantees from information_schema.routine_privileges
         where routine_name = $1 and grantee <> grantor`,
        [name],
      );
      expect(row, name).to.deep.equal({ grantees: ['orders_service'] });
    }
    await pool.end();
  });

  function withFunction(schema: Schema, name: string, change: (sql: string) => string): Schema {
    const functions = schema.functions.map((file) =>
      file.name === name ? sqlFile(file.path, change(file.sql)) : file,
    );
    expect(functions, `a change of ${name}`).to.not.deep.equal(schema.functions);
    return { ...schema, functions };
  }

  function nextRelease(schema: Schema): Schema {
    return { ...schema, functionsRelease: schema.functionsRelease + 1 };
  }

  async function refusal(migration: Promise<unknown>): Promise<string> {
    return migration.then(
      () => 'migrated',
      (error: Error) => error.message,
    );
  }

  async function query(url: string, sql: string, values?: unknown[]): Promise<object[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const result = await client.query(sql, values);
      return result.rows ?? [];
    } finally {
      await client.end();
    }
  }
});
