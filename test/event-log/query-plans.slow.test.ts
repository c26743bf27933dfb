import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { auditLimits } from '../../src/audit/limits.js';
import { streamsSql } from '../../src/audit/verify-partition.js';
import { createPool } from '../../src/event-log/database.js';
import { copyEventsSettings, selectEventsSql } from '../../src/event-log/read/copy-events.js';
import { readPage } from '../../src/event-log/read/read-page.js';
import { readPartitionSql } from '../../src/event-log/read/read-partition.js';
import { readPartitionsSql } from '../../src/event-log/read/read-partitions.js';
import { readStreamsSql } from '../../src/event-log/read/read-stream.js';
import { orderPartition } from '../../src/orders/values/partition.js';
import { createTestLog, type TestLog } from '../support/servers.js';

interface Plan {
  'Node Type': string;
  'Index Name'?: string;
  'Relation Name'?: string;
  Plans?: Plan[];
}

describe('query plans at 1,000,000 events', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog();
    await insertEvents(log, 1_000_000);
    await log.owner.query('analyze events');
  });
  after(() => log.close());

  it('a partition is read through its primary key', () =>
    expectIndex(readPartitionSql, [3, 30_000, 1_000, 4_000_000], 'events_pkey'));
  it('a partition is read through its primary key from the start', () =>
    expectIndex(readPartitionSql, [3, 0, 1_000, 4_000_000], 'events_pkey'));
  it('several partitions are read, each from its own position, through the primary key', () =>
    expectIndex(readPartitionsSql, ['{1,3}', '{29000,30000}', 500, 4_000_000], 'events_pkey'));

  it('a page is copied through the primary key', async () => {
    for (const maxEvents of [2_000, 10_000]) {
      await log.owner.query('begin');
      await log.owner.query(copyEventsSettings);
      await expectIndex(
        selectEventsSql({ partition: 3, after: 20_000, upTo: 20_000 + maxEvents, maxEvents, maxBytes: 4_000_000 }),
        [],
        'events_pkey',
      );
      await log.owner.query('commit');
    }
  });

  it('streams are read through the unique index', async () => {
    const orderIds = Array.from({ length: 200 }, () => randomUUID());
    await expectIndex(
      readStreamsSql,
      [orderIds.map((id) => orderPartition(id, 16)), orderIds, orderIds.map(() => 1), 100, 16_384, 4_000_000],
      'events_partition_order_id_version_key',
    );
  });

  it('a check of the streams reads its pages through the unique index, from the start and in the middle', async () => {
    for (const orderId of ['00000000-0000-0000-0000-000000000000', '80000000-0000-0000-0000-000000000000'])
      await expectIndex(
        streamsSql,
        [3, orderId, 0, 0, auditLimits.maxStreamEventsPerPage],
        'events_partition_order_id_version_key',
      );
  });

  it('the append looks versions up through the unique index', async () => {
    // The lookup in sql/functions/append_events.sql, as the function plans it.
    const sql = `select array(select coalesce((select e.version from events e where e.partition = $1 and e.order_id = c.order_id
                   order by e.version desc limit 1), 0) from unnest($2::uuid[]) with ordinality as c(order_id, n) order by c.n)`;
    await expectIndex(
      sql,
      [3, Array.from({ length: 100 }, () => randomUUID())],
      'events_partition_order_id_version_key',
    );
  });

  it('the append to several partitions looks versions up through the unique index', async () => {
    // The lookup in sql/functions/append_to_partitions.sql, as the function plans it.
    const sql = `select array_agg(coalesce((select e.version from events e where e.partition = c.partition and e.order_id = c.order_id
                   order by e.version desc limit 1), 0) order by c.n)
                 from (select c.*, row_number() over (partition by c.order_id order by c.n) as nth
                       from unnest($1::smallint[], $2::uuid[]) with ordinality as c(partition, order_id, n)) as c
                 cross join log_settings s`;
    const orderIds = Array.from({ length: 100 }, () => randomUUID());
    const partitions = orderIds.map((id) => orderPartition(id, 16));
    await expectIndex(sql, [partitions, orderIds], 'events_partition_order_id_version_key');
  });

  it('the append of all or nothing looks up what events follow through the unique index', async () => {
    // The lookup in sql/functions/append_all_or_nothing.sql, as the function plans it.
    const sql = `select bool_and(c.version - 1 = (select e.version from events e
                   where e.partition = c.partition and e.order_id = c.order_id order by e.version desc limit 1))
                 from unnest($1::smallint[], $2::uuid[], $3::integer[]) with ordinality as c(partition, order_id, version, n)
                 cross join log_settings s`;
    const orderIds = Array.from({ length: 100 }, () => randomUUID());
    const partitions = orderIds.map((id) => orderPartition(id, 16));
    await expectIndex(sql, [partitions, orderIds, orderIds.map(() => 2)], 'events_partition_order_id_version_key');
  });

  /** Checks the plan for these values, and the generic plan that a prepared statement may use. */
  async function expectIndex(sql: string, values: unknown[], index: string): Promise<void> {
    for (const mode of ['force_custom_plan', 'force_generic_plan']) {
      await log.owner.query(`set plan_cache_mode = ${mode}`);
      const { rows } = await log.owner.query({ text: `explain (format json) ${sql}`, values });
      const nodes = flatten(rows[0]['QUERY PLAN'][0].Plan);
      const onEvents = nodes.filter((node) => node['Relation Name'] === 'events');
      expect(onEvents, mode).to.have.length.greaterThan(0);
      for (const node of onEvents) {
        expect(node['Node Type'], mode).to.match(/^Index/);
        expect(node['Index Name'], mode).to.equal(index);
      }
    }
    await log.owner.query('reset plan_cache_mode');
  }

  function flatten(plan: Plan): Plan[] {
    return [plan, ...(plan.Plans ?? []).flatMap(flatten)];
  }
});

describe('a table without statistics', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog();
    // The state of the table after a restore, and for a while after an import.
    await log.owner.query('alter table events set (autovacuum_enabled = false)');
    await insertEvents(log, 100_000);
  });
  after(() => log.close());

  it('without statistics of the table, reading a page touches no row after it', async () => {
    const pool = createPool(log.databaseUrl, 1);
    const rowsRead = async (): Promise<number> => {
      // In the session that has read, since other sessions see its counts a second later.
      await pool.query('select pg_stat_force_next_flush()');
      const { rows } = await pool.query(
        `select seq_tup_read + idx_tup_fetch as rows from pg_stat_user_tables where relname = 'events'`,
      );
      return Number(rows[0].rows);
    };
    try {
      const before = await rowsRead();
      expect(await readPage(pool, 3, 1_000, 500)).to.have.length(500);
      expect((await rowsRead()) - before).to.equal(500);
    } finally {
      await pool.end();
    }
  });
});

/**
 * Inserts into the table directly: plans depend on the number and spread of rows, not on hashes.
 */
async function insertEvents(log: TestLog, events: number): Promise<void> {
  await log.owner.query(
    `insert into events (partition, "position", order_id, version, type, data, metadata, occurred_at, recorded_at, hash)
     select n % 16, n / 16 + 1, md5((n / 64 * 16 + n % 16)::text)::uuid, n % 64 / 16 + 1, 'OrderNoteAdded', '{"text":"x"}',
            '{"schema":1,"actor":"t"}', now(), now(), decode(repeat('00', 32), 'hex')
     from generate_series(0, $1::integer - 1) n`,
    [events],
  );
}
