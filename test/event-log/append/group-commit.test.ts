import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { createAppender } from '../../../src/event-log/append/group-commit.js';
import type { Pool } from '../../../src/event-log/database.js';
import { canonicalForm, chainHash, genesisHash } from '../../../src/event-log/hash-chain.js';
import { eventLogLimits } from '../../../src/event-log/limits.js';
import { Overloaded } from '../../../src/event-log/overloaded.js';
import { readPartition } from '../../../src/event-log/read/read-partition.js';
import { orderPartition } from '../../../src/orders/values/partition.js';
import { appender, noteEvent, orderIdIn, place, placedEvent } from '../../support/events.js';
import { expectIntactLog, positionsOf } from '../../support/read-models.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';
import { watchedPool } from '../../support/watched-pool.js';

describe('append', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog();
  });
  after(() => log.close());

  it('appends have positions without gaps and an intact chain, whatever is rejected between them', async () => {
    const append = appender(log);
    const orderIds = Array.from({ length: 40 }, () => randomUUID());
    const results = await Promise.all(
      orderIds.flatMap((orderId) => [
        append({ orderId, expectedVersion: 0, events: [placedEvent(), noteEvent('x')] }),
        append({ orderId, expectedVersion: 7, events: [placedEvent()] }),
        append({ orderId, expectedVersion: 0, events: [placedEvent()] }),
      ]),
    );
    expect(results.filter((result) => result.appended)).to.have.length(40);
    await expectIntactLog(log);
  });

  it('appendAll reports each command by itself: one that cannot be appended fails alone', async () => {
    const { appendAll } = createAppender(log.pool, log.settings);
    const [taken, broken, ...others] = Array.from({ length: 50 }, () => randomUUID());
    const append = (orderId: string, events = [placedEvent()]) => ({ orderId, expectedVersion: 0, events });
    await place(appender(log, true), taken!);
    const lineBreak = [{ ...placedEvent(), data: '{\n}' }];
    const appends = [append(taken!), append(broken!, lineBreak), ...others.map((orderId) => append(orderId))];
    const [conflict, failed, ...appended] = await appendAll(appends);
    expect(conflict).to.deep.equal({ appended: false, version: 1 });
    expect(String(failed && 'failed' in failed && failed.failed)).to.contain('line break');
    expect(appended.map((result) => 'appended' in result && result.appended && result.version)).to.deep.equal(
      others.map(() => 1),
    );
    expect(await appendAll([])).to.deep.equal([]);
    await expectIntactLog(log);
  });

  it('a version conflict rejects its own command and none that shares the call', async () => {
    const append = appender(log);
    const [taken, ...others] = Array.from({ length: 30 }, () => orderIdIn(3, 16));
    await place(append, taken!);
    const results = await Promise.all([
      append({ orderId: taken!, expectedVersion: 0, events: [placedEvent()] }),
      ...others.map((orderId) => place(append, orderId)),
    ]);
    expect(results[0]).to.deep.equal({ appended: false, version: 1 });
    expect(results.slice(1).every((result) => result.appended)).to.equal(true);
  });

  it('appends that queue up while a call is in flight share the next call', async () => {
    const before = await transactions();
    const append = appender(log, true);
    await Promise.all(Array.from({ length: 200 }, () => place(append, orderIdIn(5, 16))));
    expect((await transactions()) - before, 'transactions for 200 appends').to.be.at.most(10);
  });

  it('appends to many partitions share a call', async () => {
    const before = await transactions();
    const append = appender(log, true);
    await Promise.all(Array.from({ length: 300 }, () => place(append, randomUUID())));
    expect((await transactions()) - before, 'transactions for 300 appends to 16 partitions').to.be.at.most(10);
    await expectIntactLog(log);
  });

  it('with distributed tables, each call appends to one partition', async () => {
    const names = await statements(async (pool) => {
      const { append } = createAppender(pool, { partitions: 16, appendAcrossPartitions: false });
      await Promise.all(Array.from({ length: 50 }, () => place(append, randomUUID())));
    });
    expect(new Set(names)).to.deep.equal(new Set(['append-to-one']));
    await expectIntactLog(log);
  });

  it('a partition that another session locks does not block the others', async () => {
    const append = appender(log, true);
    await log.owner.query('begin');
    await log.owner.query('select from partition_heads where partition = 4 for update');
    const settled: number[] = [];
    const held = Array.from({ length: 3 }, () => place(append, orderIdIn(4, 16)).then(() => settled.push(4)));
    const others = Array.from({ length: 60 }, () => place(append, orderIdIn(5 + Math.floor(Math.random() * 9), 16)));
    await Promise.all(others);
    // A later append does not wait either.
    await place(append, orderIdIn(6, 16));
    expect(settled, 'appends to the locked partition').to.deep.equal([]);
    await log.owner.query('commit');
    await Promise.all(held);
    await expectIntactLog(log);
  });

  it('several partitions that another session locks do not block the others', async () => {
    const append = appender(log, true);
    await log.owner.query('begin');
    await log.owner.query('select from partition_heads where partition in (1, 2, 3) for update');
    const held: Promise<unknown>[] = [];
    for (const partition of [1, 2, 3]) {
      held.push(place(append, orderIdIn(partition, 16)));
      // Each append is alone in its call: it is sent before the next one is queued.
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    }
    await Promise.all([5, 6, 7].map((partition) => place(append, orderIdIn(partition, 16))));
    await log.owner.query('commit');
    await Promise.all(held);
    await expectIntactLog(log);
  });

  it('calls for other partitions leave out a partition that another session locks', async () => {
    const names: string[] = [];
    const { append } = createAppender(
      watchedPool(log.pool, (name) => names.push(name)),
      log.settings,
    );
    await log.owner.query('begin');
    await log.owner.query('select from partition_heads where partition = 4 for update');
    const held = [place(append, orderIdIn(4, 16))];
    await eventually('the call that waits for the lock', () => names.length === 1);
    held.push(place(append, orderIdIn(4, 16)));
    await Promise.all([5, 6, 7].map((partition) => place(append, orderIdIn(partition, 16))));
    expect(names).to.deep.equal(['append-to-one', 'append-all']);
    await log.owner.query('commit');
    await Promise.all(held);
    expect(names).to.deep.equal(['append-to-one', 'append-all', 'append-to-one']);
    await expectIntactLog(log);
  });

  it('every acknowledged append is in the log, however often connections end with calls in flight', async () => {
    const append = appender(log, true);
    const acknowledged: { orderId: string; position: number }[] = [];
    let failed = 0;
    const one = async (orderId: string) => {
      const result = await place(append, orderId).catch(() => undefined);
      if (result) acknowledged.push({ orderId, position: result.position });
      else failed += 1;
    };
    const enough = () => acknowledged.length > 1_000 && failed > 1_000;
    while (!enough()) {
      const inFlight = Promise.all(Array.from({ length: 2_000 }, () => one(randomUUID())));
      await eventually('a call', async () => {
        const { rows } = await log.owner.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and state = 'active' and query like '%append_all_or_nothing%' and pid <> pg_backend_pid()`,
        );
        return rows.length > 0 || acknowledged.length + failed > 0;
      });
      await inFlight;
    }
    const { rows } = await log.owner.query(
      'select order_id, "position"::int from events where order_id = any($1::uuid[])',
      [acknowledged.map(({ orderId }) => orderId)],
    );
    const inLog = new Map(rows.map((row) => [row.order_id, row.position]));
    for (const { orderId, position } of acknowledged) expect(inLog.get(orderId)).to.equal(position);
    await expectIntactLog(log);
  });

  it('processes that append to all partitions at once never deadlock', async () => {
    const appends = [appender(log, true), appender(log, true), appender(log, true)];
    const results = await Promise.all(Array.from({ length: 900 }, (_, nth) => place(appends[nth % 3]!, randomUUID())));
    expect(results).to.have.length(900);
    await expectIntactLog(log);
  });

  it('more appends than one call takes are sent with several calls', async () => {
    const append = appender(log, true);
    const orderIds = Array.from({ length: eventLogLimits.maxBatchEvents + 50 }, () => orderIdIn(6, 16));
    await Promise.all(orderIds.map((orderId) => place(append, orderId)));
    expect(await positionsOf(log, 6)).to.have.length.of.at.least(orderIds.length);
    await expectIntactLog(log);
  });

  it('a full queue rejects an append at once, and nothing is appended', async () => {
    const append = appender(log, true);
    const orderIds = Array.from({ length: eventLogLimits.maxQueuedAppends + 200 }, () => randomUUID());
    const results = await Promise.allSettled(orderIds.map((orderId) => place(append, orderId)));
    const refused = results.flatMap((result, nth) => (result.status === 'rejected' ? [orderIds[nth]] : []));
    expect(refused.length).to.be.greaterThan(0);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).to.be.instanceOf(Overloaded);
    const { rows } = await log.owner.query('select count(*)::int as n from events where order_id = any($1::uuid[])', [
      refused,
    ]);
    expect(rows[0].n).to.equal(0);
  });

  it('recorded_at never decreases within a partition', async () => {
    const { rows } = await log.owner.query(
      'select count(*)::int as n from events e join events f on f.partition = e.partition and f."position" = e."position" + 1 where f.recorded_at < e.recorded_at',
    );
    expect(rows[0].n).to.equal(0);
  });

  it('append_events rejects an order in a partition that is not its own', async () => {
    const orderId = orderIdIn(1, 16);
    const call = `select * from append_events(2::smallint, array['${orderId}']::uuid[], '{0}', '{1}', '{OrderPlaced}', array['{}'], array['{}'], array[now()])`;
    const error = await log.owner.query(call).catch((reason: Error) => reason);
    expect(String(error)).to.match(/does not belong to partition 2/);
  });

  it('append_to_partitions rejects partitions that are not in ascending order or do not exist', async () => {
    for (const [partitions, ids] of [
      ['{3,2}', [orderIdIn(3, 16), orderIdIn(2, 16)]],
      ['{3,99}', [orderIdIn(3, 16), orderIdIn(3, 16)]],
    ] as const) {
      const call = `select * from append_to_partitions($1::smallint[], $2::uuid[], '{0,0}', '{1,1}', '{A,A}', '{"{}","{}"}', '{"{}","{}"}', array[now(), now()])`;
      const error = await log.owner.query(call, [partitions, ids]).catch((reason: Error) => reason);
      expect(String(error)).to.match(/not exist or is not in ascending order|does not belong to the partition/);
    }
  });

  for (const [what, wrong, message] of [
    ['that is not JSON', { data: 'no json' }, /json/],
    ['of a type that is no name', { type: '1' }, /events_type_is_a_name/],
  ] as const) {
    it(`an event ${what} fails the appends of its own partition alone`, async () => {
      const append = appender(log, true);
      const others = Promise.all([7, 8, 10].map((partition) => place(append, orderIdIn(partition, 16))));
      const events = [{ ...placedEvent(), ...wrong }];
      const bad = append({ orderId: orderIdIn(9, 16), expectedVersion: 0, events });
      expect(String(await bad.catch((error: Error) => error))).to.match(message);
      expect(await others).to.have.length(3);
      await place(append, orderIdIn(9, 16));
    });
  }

  /** The names of the statements that a task sends through a pool. */
  async function statements(task: (pool: Pool) => Promise<unknown>): Promise<string[]> {
    const names: string[] = [];
    await task(watchedPool(log.pool, (name) => names.push(name)));
    return names;
  }

  /** The transactions that have appended to this log: each leaves its id in its rows. */
  async function transactions(): Promise<number> {
    const { rows } = await log.owner.query('select count(distinct xmin::text)::int as count from events');
    return rows[0].count;
  }
});

describe('the hash of an event', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog(2);
  });
  after(() => log.close());

  it('the hash of an event is the same in SQL and in TypeScript, for any content', async () => {
    const append = appender(log, true);
    for (const text of ['plain', 'Grüße €', '日本語 🎉', 'a "quoted" \\ backslash\nline', '\u0000 nul', '']) {
      const orderId = orderIdIn(1, 2);
      await place(append, orderId);
      await append({ orderId, expectedVersion: 1, events: [noteEvent(text)] });
    }
    let previous = genesisHash;
    for (const event of await readPartition(log.pool, 1, 0)) {
      const { rows } = await log.owner.query(
        `select event_canonical_form(partition, "position", order_id, version, type, canonical_time(occurred_at),
           canonical_time(recorded_at), data::text, metadata::text) as form
         from events where partition = 1 and "position" = $1`,
        [event.position],
      );
      expect(rows[0].form.toString()).to.equal(canonicalForm(event));
      expect(chainHash(previous, event).toString('hex')).to.equal(event.hash.toString('hex'));
      previous = event.hash;
    }
  });
});

describe('the partition of an order', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog(7);
  });
  after(() => log.close());

  it('the partition of an order is the same in SQL and in TypeScript', async () => {
    const orderIds = Array.from({ length: 500 }, () => randomUUID());
    for (const partitions of [1, 7, 16, 1024]) {
      const { rows } = await log.owner.query(
        'select order_partition(id, $2) as partition from unnest($1::uuid[]) with ordinality as ids(id, n) order by n',
        [orderIds, partitions],
      );
      expect(rows.map((row) => row.partition)).to.deep.equal(orderIds.map((id) => orderPartition(id, partitions)));
    }
  });
});
