import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Append, AppendResult } from '../../../src/event-log/append/append.js';
import { createAppender } from '../../../src/event-log/append/group-commit.js';
import type { Pool } from '../../../src/event-log/database.js';
import { orderPartition } from '../../../src/orders/values/partition.js';
import { noteEvent, orderIdIn, placedEvent } from '../../support/events.js';
import { expectIntactLog } from '../../support/read-models.js';
import { createTestLog, type TestLog } from '../../support/servers.js';
import { watchedPool } from '../../support/watched-pool.js';

describe('an append to several partitions', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog();
  });
  after(() => log.close());

  const first = (orderId: string): Append => ({ orderId, expectedVersion: 0, events: [placedEvent()] });
  const later = (orderId: string, expectedVersion: number, events = 1): Append => ({
    orderId,
    expectedVersion,
    events: Array.from({ length: events }, (_, nth) => noteEvent(`note ${nth}`)),
  });

  it('one call appends to several partitions and returns each position', async () => {
    const orderIds = [2, 2, 3, 9].map((partition) => orderIdIn(partition, 16));
    const [a = '', b = '', c = '', d = ''] = orderIds;
    const [results, names] = await send([
      { ...first(a), events: [placedEvent(), noteEvent('1'), noteEvent('2')] },
      first(b),
      first(c),
      first(d),
    ]);
    expect(names).to.deep.equal(['append-all']);
    for (const [index, result] of results.entries()) {
      const { rows } = await log.owner.query(
        'select version, partition, "position"::int, recorded_at from events where order_id = $1 order by version desc limit 1',
        [orderIds[index]],
      );
      const { recorded_at: recordedAt, ...stored } = rows[0];
      expect(result).to.deep.equal({ appended: true, ...stored, recordedAt: recordedAt.toISOString() });
    }
    await expectIntactLog(log);
  });

  it('one call appends to existing orders of several partitions', async () => {
    const orderIds = [4, 5, 5].map((partition) => orderIdIn(partition, 16));
    await send(orderIds.map(first));
    const [results, names] = await send(orderIds.map((orderId, nth) => later(orderId, 1, nth + 1)));
    expect(names).to.deep.equal(['append-all']);
    expect(results.map((result) => result.appended && result.version)).to.deep.equal([2, 3, 4]);
    await expectIntactLog(log);
  });

  for (const [what, refused] of [
    ['that already exists', (taken: string) => first(taken)],
    ['with later events', (taken: string) => later(taken, 1)],
    ['with fewer events', (taken: string) => later(taken, 3)],
    ['that does not exist', () => later(orderIdIn(7, 16), 1)],
  ] as const) {
    it(`a second statement rejects only the command on an order ${what}`, async () => {
      const taken = orderIdIn(7, 16);
      await send([first(taken), first(orderIdIn(8, 16))]);
      await send([later(taken, 1), first(orderIdIn(8, 16))]);
      const others = [6, 7, 7, 8].map((partition) => first(orderIdIn(partition, 16)));
      const one = refused(taken);
      const [results, names] = await send([...others.slice(0, 2), one, ...others.slice(2)]);
      expect(names).to.deep.equal(['append-all', 'append-to-several']);
      expect(results.map(({ appended }) => appended)).to.deep.equal([true, true, false, true, true]);
      expect(results[2]).to.deep.equal({ appended: false, version: one.orderId === taken ? 2 : 0 });
      await expectIntactLog(log);
    });
  }

  it('of two commands that create one order, only the second is rejected', async () => {
    const orderId = orderIdIn(1, 16);
    const [results, names] = await send([first(orderId), first(orderId), first(orderIdIn(2, 16))]);
    expect(names).to.deep.equal(['append-all', 'append-to-several']);
    expect(results.map(({ appended }) => appended)).to.deep.equal([true, false, true]);
    await expectIntactLog(log);
  });

  it('calls check each command after a rejection, until one rejects nothing', async () => {
    const taken = [1, 2].map((partition) => first(orderIdIn(partition, 16)));
    const names: string[] = [];
    const { appendAll } = createAppender(watched(names), log.settings);
    const fresh = () => [1, 2].map((partition) => first(orderIdIn(partition, 16)));
    for (const appends of [taken, taken, taken, fresh(), fresh()]) await appendAll(appends);
    const [all, each] = ['append-all', 'append-to-several'];
    expect(names).to.deep.equal([all, all, each, each, each, all]);
    await expectIntactLog(log);
  });

  it('a call for several partitions has the outcomes of single appends, whatever is rejected', async () => {
    const orders = fc.array(
      fc.record({ order: fc.nat(5), expectedVersion: fc.nat(3), events: fc.integer({ min: 1, max: 3 }) }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(orders, { minLength: 1, maxLength: 4 }), async (calls) => {
        const together = Array.from({ length: 6 }, () => randomUUID());
        const alone = Array.from({ length: 6 }, () => randomUUID());
        for (const call of calls) {
          const of = (ids: readonly string[]) =>
            call.map(({ order, expectedVersion, events }) => later(ids[order] ?? '', expectedVersion, events));
          const { appendAll } = createAppender(log.pool, log.settings);
          const results = (await appendAll(of(together))).map(outcome);
          const { append } = createAppender(log.pool, { ...log.settings, appendAcrossPartitions: false });
          const seen = new Set<string>();
          for (const [index, one] of of(alone).entries()) {
            const [appended] = results[index] ?? [];
            // Of several commands on one order, a call may reject later ones that would follow.
            if (appended || !seen.has(one.orderId)) {
              expect(outcome(await append(one))).to.deep.equal(results[index]);
            }
            seen.add(one.orderId);
          }
          expect(await versions(together)).to.deep.equal(await versions(alone));
        }
      }),
      { numRuns: 40 },
    );
    await expectIntactLog(log);
  });

  describe('append_all_or_nothing', () => {
    it('append_all_or_nothing rejects an order in a partition that is not its own', async () => {
      const orderId = orderIdIn(3, 16);
      expect(await refusal([[2, orderId, 1]])).to.match(/does not belong to the partition/);
    });

    it('append_all_or_nothing rejects partitions that are not in ascending order', async () => {
      const [two, three] = [orderIdIn(2, 16), orderIdIn(3, 16)];
      expect(
        await refusal([
          [3, three, 1],
          [2, two, 1],
        ]),
      ).to.match(/does not exist or is not in ascending order/);
    });

    it('append_all_or_nothing appends nothing and moves no head if one event does not follow its stream', async () => {
      const [two, three] = [orderIdIn(2, 16), orderIdIn(3, 16)];
      const heads = await headsNow();
      expect(
        await call([
          [2, two, 1],
          [3, three, 2],
        ]),
      ).to.deep.equal([]);
      expect(
        await call([
          [2, two, 1],
          [2, two, 3],
        ]),
      ).to.deep.equal([]);
      expect(
        await call([
          [2, two, 1],
          [2, two, 1],
        ]),
      ).to.deep.equal([]);
      expect(await headsNow()).to.deep.equal(heads);
      expect(await versions([two, three])).to.deep.equal([0, 0]);
      expect(
        await call([
          [2, two, 1],
          [2, two, 2],
          [3, three, 1],
        ]),
      ).to.have.length(2);
      await expectIntactLog(log);
    });

    it('append_all_or_nothing appends no event with a version below 1', async () => {
      for (const version of [0, -1]) expect(await call([[2, orderIdIn(2, 16), version]])).to.deep.equal([]);
    });

    it('append_all_or_nothing hashes times to the millisecond, as they are stored', async () => {
      await call(
        [
          [2, orderIdIn(2, 16), 1],
          [3, orderIdIn(3, 16), 1],
        ],
        '2026-01-31T12:00:00.123789Z',
      );
      await expectIntactLog(log);
    });

    it('append_all_or_nothing never lets recorded_at decrease within a partition', async () => {
      const future = new Date(Date.now() + 60_000).toISOString();
      await log.owner.query('update partition_heads set recorded_at = $1 where partition = 3', [future]);
      const rows = await call([
        [2, orderIdIn(2, 16), 1],
        [3, orderIdIn(3, 16), 1],
      ]);
      const [two, three] = rows.map(({ recorded_at }) => recorded_at.toISOString());
      expect(three).to.equal(future);
      expect(two < future, 'the other partition has a time of its own').to.equal(true);
      await expectIntactLog(log);
    });

    type Row = readonly [partition: number, orderId: string, version: number];

    async function call(events: readonly Row[], occurredAt = '2026-01-31T12:00:00.000Z') {
      const { rows } = await log.owner.query(`select * from append_all_or_nothing($1, $2, $3, $4, $5, $6, $7, true)`, [
        ...[0, 1, 2].map((column) => events.map((event) => event[column])),
        events.map(() => 'OrderNoteAdded'),
        events.map(() => '{}'),
        events.map(() => '{"schema":1}'),
        events.map(() => occurredAt),
      ]);
      return rows;
    }

    function refusal(events: readonly Row[]): Promise<string> {
      return call(events).then(
        () => '',
        (error: Error) => error.message,
      );
    }
  });

  /** Appends together. Also returns the names of the statements that this took. */
  async function send(appends: readonly Append[]): Promise<[AppendResult[], string[]]> {
    const names: string[] = [];
    const results = await createAppender(watched(names), log.settings).appendAll(appends);
    return [
      results.map((result) => {
        if ('failed' in result) throw result.failed;
        return result;
      }),
      names,
    ];
  }

  function watched(names: string[]): Pool {
    return watchedPool(log.pool, (name) => names.push(name));
  }

  function outcome(result: Awaited<ReturnType<ReturnType<typeof createAppender>['appendAll']>>[number]) {
    if ('failed' in result) throw result.failed;
    return [result.appended, result.version] as const;
  }

  async function versions(orderIds: readonly string[]): Promise<number[]> {
    const { rows } = await log.owner.query(
      `select coalesce((select max(version) from events e where e.partition = o.partition and e.order_id = o.id), 0) as version
       from unnest($1::smallint[], $2::uuid[]) with ordinality as o(partition, id, n) order by n`,
      [orderIds.map((id) => orderPartition(id, 16)), orderIds],
    );
    return rows.map(({ version }) => version);
  }

  async function headsNow(): Promise<unknown[]> {
    return (await log.owner.query('select * from partition_heads order by partition')).rows;
  }
});
