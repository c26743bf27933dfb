import { expect } from 'chai';
import { appender, orderIdIn, place } from '../support/events.js';
import { createTestLog, type TestLog } from '../support/servers.js';

describe('protection of the event log', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog(4);
    const append = appender(log);
    for (let nth = 0; nth < 6; nth += 1) await place(append, orderIdIn(1, 4));
  });
  after(() => log.close());

  const changes = [
    `update events set data = '{}'`,
    `update events set data = '{}' where false`,
    'delete from events',
    'truncate events',
    'truncate events, partition_heads',
    'delete from partition_heads',
    'truncate partition_heads',
    'update log_settings set partitions = 5',
    'delete from log_settings',
    'delete from log_epochs',
    'update log_epochs set start_position = 0',
  ];
  for (const sql of changes) {
    it(`the service’s role has no permission for: ${sql}`, async () => {
      expect(String(await log.pool.query(sql).catch((error: Error) => error))).to.match(/permission denied/);
    });
    it(`the append-only triggers stop the owner: ${sql}`, async () => {
      expect(String(await log.owner.query(sql).catch((error: Error) => error))).to.match(/append-only/);
    });
  }

  it('the append-only triggers stop a session in replica mode', async () => {
    await log.owner.query('set session_replication_role = replica');
    const error = await log.owner.query(`update events set data = '{}'`).catch((reason: Error) => reason);
    await log.owner.query('reset session_replication_role');
    expect(String(error)).to.match(/append-only/);
  });

  for (const sql of [
    `insert into events select partition, 99, gen_random_uuid(), 1, type, data, metadata, occurred_at, recorded_at, hash from events limit 1`,
    'update partition_heads set head = 0',
    'drop table events',
    'alter table events disable trigger all',
    'create table mine (a int)',
  ]) {
    it(`the service’s role cannot bypass the append functions: ${sql.slice(0, 40)}`, async () => {
      expect(String(await log.pool.query(sql).catch((error: Error) => error))).to.match(
        /permission denied|must be owner/,
      );
    });
  }

  for (const [what, type, data, occurredAt] of [
    ['a time that is no time', 'OrderNoteAdded', '{}', 'infinity'],
    ['a time before 1970', 'OrderNoteAdded', '{}', '0044-03-15 BC'],
    ['a time after 9999', 'OrderNoteAdded', '{}', '12026-01-01'],
    ['a type of several lines', 'OrderNoteAdded\n2026-01-01T00:00:00.000Z', '{}', '2026-01-01'],
    ['a type that a spreadsheet would run', '=1+1', '{}', '2026-01-01'],
    ['more data than a reader has room for', 'OrderNoteAdded', `"${'x'.repeat(17 * 1024 * 1024)}"`, '2026-01-01'],
  ] as const) {
    it(`the append functions store no event that nobody could read or remove: one with ${what}`, async () => {
      const orderId = orderIdIn(1, 4);
      const append = (times: string, typeOf: string, text: string) =>
        log.pool.query(
          `select accepted from append_events(1::smallint, array[$1]::uuid[], array[0], array[1], array[$2], array[$3],
             array['{}'], array[$4]::timestamptz[])`,
          [orderId, typeOf, text, times],
        );
      const error = await append(occurredAt, type, data).catch((reason: Error) => reason);
      expect(String(error)).to.match(/violates check constraint "events_/);
      expect((await append('2026-01-01', 'OrderNoteAdded', '{}')).rows).to.deep.equal([{ accepted: true }]);
    });
  }

  it('a temporary table in place of one of its own: pg_temp is last in the path of each function with the owner’s rights', async () => {
    const { rows } = await log.owner.query(
      `select proname, array_to_string(proconfig, ' ') as settings from pg_proc
       where prosecdef and pronamespace = current_schema()::regnamespace order by proname`,
    );
    expect(rows.map(({ proname }) => proname)).to.deep.equal([
      'append_all_or_nothing',
      'append_events',
      'append_to_partitions',
    ]);
    for (const { proname, settings } of rows) expect(settings, proname).to.match(/search_path=public, pg_temp\b/);
  });
});
