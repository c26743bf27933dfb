import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import pg from 'pg';
import { createAppender } from '../../src/event-log/append/group-commit.js';
import { createPool, readLogSettings } from '../../src/event-log/database.js';
import { migrate } from '../../src/event-log/migrate.js';
import { readSchema, sqlFile } from '../../src/event-log/sql-files.js';
import { projectPath } from '../../src/project-path.js';
import { orderIdIn, placedEvent } from '../support/events.js';
import { createDatabase, eventually } from '../support/servers.js';

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
    expect(await refusal(migrate(url, 16))).to.match(/version 999.*newer version/);
  });

  it('refuses a database to which another text of a file was applied', async () => {
    const url = await createDatabase();
    await migrate(url, 16);
    await query(url, `update schema_migrations set sha256 = 'other' where version = 2`);
    expect(await refusal(migrate(url, 16))).to.match(/002_.* was changed after/);
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
    expect(message).to.match(/003_service_role\.sql failed: .* may not take on the role orders_service/);
    expect(message).to.contain(`\nHINT: As a superuser: grant orders_service to ${login};`);
  });

  it('says PostgreSQL’s detail when a file fails, and applies none of them', async () => {
    const url = await createDatabase();
    const schema = await readSchema();
    const last = sqlFile(
      '012_twice.sql',
      'insert into log_settings default values; insert into api_key_changes default values;',
    );
    const message = await refusal(migrate(url, 16, { ...schema, migrations: [...schema.migrations, last] }));
    expect(message)
      .to.match(/012_twice\.sql failed/)
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

  it('applies functions that call one another, whatever their names', async () => {
    const url = await createDatabase();
    const schema = await readSchema();
    const calls = (name: string, called: string) =>
      sqlFile(
        `functions/${name}.sql`,
        `create or replace function ${name}() returns integer language sql as 'select ${called}';`,
      );
    const functions = [...schema.functions, calls('a_first', 'b_second()'), calls('b_second', '1')];
    await migrate(url, 4, { ...schema, functions });
    expect(await query(url, 'select a_first() as one')).to.deep.equal([{ one: 1 }]);
  });

  it('lets a process of the version before go on appending while the append functions are replaced', async () => {
    const url = await createDatabase();
    await migrate(url, 4);
    await backToVersion9(url);
    const pool = createPool(url, 4);
    const events = [placedEvent()].map(({ type, data, metadata, occurredAt }) => [
      [type],
      [data],
      [metadata],
      [occurredAt],
    ]);
    // As that version called them, by statements that it has prepared before.
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
        const values = [2, [orderIdIn(2, 4)], [0], [1], ...(events[0] ?? [])];
        const { rows } = await pool.query<{ accepted: boolean }>({ ...call, values });
        expect(rows.map(({ accepted }) => accepted)).to.deep.equal([true]);
        appended += 1;
      }
    });
    await eventually('both to be at it', () => appended > 10);
    const { applied } = await migrate(url, 4);
    migrating = false;
    await Promise.all(appending);
    expect(applied).to.deep.equal(['010_append_returns_hashes.sql', '011_append_all_or_nothing.sql']);
    expect((await query(url, 'select head::int as n from logs where partition = 2'))[0]).to.deep.equal({ n: appended });
    await pool.end();
  });

  /** The functions as they were before sql/010. */
  async function backToVersion9(url: string): Promise<void> {
    const files = ['002_append_events.sql', '008_append_events_faster.sql', '009_append_to_partitions.sql'];
    const [first, one, several] = await Promise.all(files.map((file) => readFile(projectPath('sql', file), 'utf8')));
    const canonicalForm = first?.match(/create function event_canonical_form[^;]*;/)?.[0];
    const arguments_ = 'uuid[], integer[], integer[], text[], text[], text[], timestamptz[]';
    await query(
      url,
      `set search_path = public, pg_temp;
       delete from schema_migrations where version > 9;
       drop function append_all_or_nothing(smallint[], uuid[], integer[], text[], text[], text[], timestamptz[], boolean);
       drop function event_canonical_form(smallint, bigint, uuid, integer, text, text, text, text, text);
       ${canonicalForm?.replace('create', 'create or replace')}
       drop function canonical_time(timestamptz);
       drop function append_events(smallint, ${arguments_}); drop function append_to_partitions(smallint[], ${arguments_});
       ${one} ${several?.slice(several.indexOf('create function append_to_partitions'))}
       grant execute on function append_events(smallint, ${arguments_}) to orders_service;`,
    );
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
