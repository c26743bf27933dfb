import { expect } from 'chai';
import { connectionTypes } from '../../src/event-log/database.js';
import { checkChain } from '../../src/event-log/hash-chain.js';
import { readHeads, scanPartition } from '../../src/event-log/read-partition.js';
import { type StoredEventRow, storedEvent, storedEventColumns } from '../../src/event-log/stored-event.js';
import { appender, orderIdIn, place } from '../support/events.js';
import { createTestLog, type TestLog } from '../support/servers.js';

describe('the event log refuses', () => {
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
    'truncate events, logs',
    'delete from logs',
    'truncate logs',
    'update log_settings set partitions = 5',
    'delete from log_settings',
  ];
  for (const sql of changes) {
    it(`${sql}, as the service’s role`, async () => {
      expect(String(await log.pool.query(sql).catch((error: Error) => error))).to.match(/permission denied/);
    });
    it(`${sql}, as the owner`, async () => {
      expect(String(await log.owner.query(sql).catch((error: Error) => error))).to.match(/append-only/);
    });
  }

  it('a change by a session in replica mode', async () => {
    await log.owner.query('set session_replication_role = replica');
    const error = await log.owner.query(`update events set data = '{}'`).catch((reason: Error) => reason);
    await log.owner.query('reset session_replication_role');
    expect(String(error)).to.match(/append-only/);
  });

  for (const sql of [
    `insert into events select partition, 99, gen_random_uuid(), 1, type, data, metadata, occurred_at, recorded_at, hash from events limit 1`,
    'update logs set head = 0',
    'drop table events',
    'alter table events disable trigger all',
    'create table mine (a int)',
  ]) {
    it(`the service’s role: ${sql.slice(0, 40)}`, async () => {
      expect(String(await log.pool.query(sql).catch((error: Error) => error))).to.match(
        /permission denied|must be owner/,
      );
    });
  }

  const forgeries: Record<string, string> = {
    data: `update events set data = '{"forged":true}' where partition = 1 and "position" = 3`,
    metadata: `update events set metadata = '{"actor":"somebody else"}' where partition = 1 and "position" = 3`,
    'the time': `update events set occurred_at = occurred_at + interval '1 ms' where partition = 1 and "position" = 3`,
    'a deletion': 'delete from events where partition = 1 and "position" = 3',
    'a cut-off tail': 'delete from events where partition = 1 and "position" = 6',
  };
  for (const [what, sql] of Object.entries(forgeries)) {
    it(`to hide ${what} changed by a superuser with triggers off: the chain shows it`, async () => {
      await log.owner.query('begin; alter table events disable trigger all');
      await log.owner.query(sql);
      const { rows } = await log.owner.query<StoredEventRow>({
        text: `select ${storedEventColumns} from events e where e.partition = 1 order by e."position"`,
        types: connectionTypes,
      });
      await log.owner.query('rollback');
      const head = (await readHeads(log.pool)).find(({ partition }) => partition === 1);
      const events = rows.map(storedEvent);
      const position = what === 'a cut-off tail' ? 6 : 3;
      expect(await checkChain(1, events, head!)).to.deep.include({ partition: 1, position });
    });
  }

  it('nothing when nothing was changed', async () => {
    for (const head of await readHeads(log.pool)) {
      expect(await checkChain(head.partition, scanPartition(log.pool, head.partition), head)).to.equal(undefined);
    }
  });
});
