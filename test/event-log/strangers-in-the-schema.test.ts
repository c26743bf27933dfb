import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import pg from 'pg';
import { inspectDatabase } from '../../src/event-log/connection/inspect-database.js';
import { migrate } from '../../src/event-log/migrate.js';
import { startEpoch } from '../../src/event-log/operators/start-epoch.js';
import { appender, noteEvent, placedEvent } from '../support/events.js';
import { asAdmin, createDatabase, createTestLog, type TestLog } from '../support/servers.js';

/** Functions and operators that fit some calls better than those that the log's functions mean. */
const traps = [
  function_('order_partition(uuid, smallint)', 'smallint'),
  function_('canonical_time(timestamp)', 'text'),
  function_('cardinality(uuid[])', 'integer'),
  function_('cardinality(bigint[])', 'integer'),
  function_('cardinality(smallint[])', 'integer'),
  function_('unnest(uuid[])', 'setof uuid'),
  function_('unnest(partition_heads[])', 'setof partition_heads'),
  function_('to_char(timestamp, varchar)', 'text'),
  function_('convert_to(text, text)', 'bytea'),
  function_('date_trunc(varchar, timestamptz)', 'timestamptz'),
  function_('concat_ws(text, smallint, bigint, uuid, integer, text, text, text, integer, text, text)', 'text'),
  aggregate('array_agg', 'integer'),
  aggregate('array_agg', 'uuid'),
  aggregate('array_agg', 'boolean'),
  operator('%', 'bigint', 'integer', 'bigint'),
  // Those that a start, a migration and a new epoch would call as the owner of the log.
  function_('quote_ident(name)', 'text'),
  function_('format(text, name)', 'text'),
  function_('format(text, text, name, text, text)', 'text'),
  function_('pg_advisory_lock(text)', 'void'),
  function_('pg_has_role(oid, text, text)', 'boolean'),
  function_('has_table_privilege(text, oid, text)', 'boolean'),
  function_('acldefault(text, oid)', 'aclitem[]'),
  function_('start_epoch(text, text, text, text, text)', 'text'),
  function_(
    'append_events(smallint, uuid[], integer[], integer[], text[], text[], text[], timestamptz[], text, text, text)',
    'text',
  ),
  operator('=', 'oid', 'regnamespace', 'boolean'),
  operator('=', 'oid', 'regclass', 'boolean'),
  operator('=', 'oid', 'integer', 'boolean'),
  ...['bigint', 'bytea', 'uuid', 'integer', 'smallint', 'timestamptz', 'partition_heads'].map((type) =>
    operator('||', `${type}[]`, type, `${type}[]`),
  ),
];

function function_(signature: string, result: string): string {
  return `create function ${signature} returns ${result} language plpgsql as $$ begin raise exception 'trap: ${signature}'; end $$`;
}

function operator(name: string, left: string, right: string, result: string): string {
  const trap = `trap_${Math.random().toString(36).slice(2)}`;
  return `${function_(`${trap}(${left}, ${right})`, result)};
    create operator ${name} (leftarg = ${left}, rightarg = ${right}, function = ${trap})`;
}

function aggregate(name: string, type: string): string {
  const trap = `trap_${Math.random().toString(36).slice(2)}`;
  return `${function_(`${trap}(${type}[], ${type})`, `${type}[]`)};
    create aggregate ${name}(${type}) (sfunc = ${trap}, stype = ${type}[])`;
}

describe('A stranger who may create objects in the schema of the log', () => {
  let log: TestLog;
  let stranger: string;
  before(async () => {
    log = await createTestLog(4);
    stranger = `stranger_${randomUUID().slice(0, 8)}`;
    await log.owner.query(`create role ${stranger}`);
    await log.owner.query(`grant create, usage on schema public to ${stranger}`);
    await log.owner.query(`grant select on partition_heads to ${stranger}`);
    await log.owner.query(`set role ${stranger}`);
    for (const trap of traps) await log.owner.query(trap);
    await log.owner.query('reset role');
  });
  after(async () => {
    await log.owner.query(`drop owned by ${stranger}`);
    await log.close();
    await asAdmin(`drop role ${stranger}`);
  });

  it('has set traps that work', async () => {
    const error = await log.owner.query(`select array[1::bigint] || 2::bigint`).catch((reason: Error) => reason);
    expect(String(error)).to.match(/trap/);
  });

  it('cannot make the append functions call another function or operator', async () => {
    const append = appender(log);
    const order = randomUUID();
    expect(await append({ orderId: order, expectedVersion: 0, events: [placedEvent()] })).to.include({
      appended: true,
    });
    // Several commands in several partitions, with a conflict: all append functions are used.
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, nth) =>
        append({
          orderId: nth % 10 === 0 ? order : randomUUID(),
          expectedVersion: nth % 10 === 0 ? 1 : 0,
          events: [placedEvent(), noteEvent('n')],
        }),
      ),
    );
    expect(results.filter(({ appended }) => appended)).to.have.length(37);
    for (const sql of [
      `select * from append_events(order_partition($1, 4), array[$1, $1]::uuid[], array[0, 0], array[1, 1],
         array['OrderPlaced', 'OrderPlaced'], array['{}', '{}'], array['{}', '{}'], array[now(), now()])`,
      `select * from append_to_partitions(array[order_partition($1, 4), order_partition($1, 4)], array[$1, $1]::uuid[],
         array[0, 0], array[1, 1], array['OrderPlaced', 'OrderPlaced'], array['{}', '{}'], array['{}', '{}'], array[now(), now()])`,
      `select * from append_all_or_nothing(array[order_partition($1, 4), order_partition($1, 4)], array[$1, $1]::uuid[],
         array[1, 2], array['OrderPlaced', 'OrderNoteAdded'], array['{}', '{}'], array['{}', '{}'], array[now(), now()], true)`,
    ]) {
      expect((await log.pool.query(sql, [randomUUID()])).rowCount).to.be.greaterThan(0);
    }
  });

  it('cannot make a start, a migration or a new epoch call its code as the owner of the log', async () => {
    expect((await migrate(log.databaseUrl, 4)).applied).to.deep.equal([]);
    const access = { url: log.databaseUrl, role: 'orders_service' };
    expect(await inspectDatabase(access, true)).to.include({ searchPath: 'public, pg_temp' });
    expect(await startEpoch(log.databaseUrl, { actor: 'a', reason: 'r', lost: null, resetClock: false })).to.match(
      /^2-/,
    );
  });

  it('stops a migration that has something to run, since its files name few schemas', async () => {
    await log.owner.query(`update schema_functions set sha256 = 'x' where name = 'append_events'`);
    const again = await migrate(log.databaseUrl, 4).catch((error: Error) => error);
    expect(String(again)).to.match(/of the role stranger_\w+ could take the place of PostgreSQL's own/);

    const url = await createDatabase();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(`grant create on schema public to ${stranger}; set role ${stranger}`);
    await client.query(function_('format(text, name)', 'text'));
    const first = await migrate(url, 1).catch((error: Error) => error);
    expect(String(first)).to.match(/the function format\(text, name\) of the role stranger_/);
    await client.query('drop function format(text, name)');
    // One of the owner's, and one with a name that PostgreSQL does not use.
    await client.query(function_('of_a_stranger(text)', 'text'));
    await client.query('reset role');
    await client.query(function_('format(text, integer)', 'text'));
    expect((await migrate(url, 1)).version).to.be.greaterThan(0);
    await client.query(`drop owned by ${stranger}`);
    await client.end();
  });

  it('is no longer allowed to create any, unless the operator grants it', async () => {
    const fresh = await createTestLog(1);
    const client = new pg.Client({ connectionString: fresh.databaseUrl });
    await client.connect();
    await client.query(`set role ${stranger}`);
    const refused = await client.query('create table mine (a int)').catch((error: Error) => error);
    await client.end();
    expect(String(refused)).to.match(/permission denied for schema/);
    expect((await migrate(fresh.databaseUrl, 1)).warnings).to.deep.equal([]);
    await fresh.owner.query('grant create on schema public to public');
    const { warnings } = await migrate(fresh.databaseUrl, 1);
    expect(warnings.join()).to.match(/run "revoke create on schema public from public"/);
    await fresh.close();
  });
});
