import { expect } from 'chai';
import type pg from 'pg';
import { allProjections } from '../../src/projections/all-projections.js';
import { decodePositions, orderHistoryKeys } from '../../src/read-models/order-history.js';
import { appender, orderIdIn, place, recorder, startProjector } from '../support/events.js';
import { expectIntactLog, expectReadModelsEqualTheLog, positionsOf, projected } from '../support/read-models.js';
import { liveKeys } from '../support/redis-keys.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';

describe('completeness', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(4);
  });
  afterEach(() => log.close());

  for (const [what, heldAppend] of [
    [
      'an append',
      `append_events(1::smallint, array[$1]::uuid[], '{0}', '{1}', '{OrderPlaced}', array[$2], array[$3], array[now()])`,
    ],
    [
      'an append to several partitions',
      `append_all_or_nothing('{1}', array[$1]::uuid[], '{1}', '{OrderPlaced}', array[$2], array[$3], array[now()], false)`,
    ],
  ] as const) {
    it(`a projection skips nothing while ${what} that has taken its positions stays open and others commit`, async () => {
      const seen = new Map<number, number[]>();
      const projector = await startProjector(log, [...allProjections, recorder(seen)]);
      const append = appender(log);
      await place(append, orderIdIn(1, 4));

      // One append has taken its position and has not committed.
      const client: pg.PoolClient = await log.pool.connect();
      await client.query('begin');
      const held = orderIdIn(1, 4);
      const { rows } = await client.query<{ position: number }>(`select "position" from ${heldAppend}`, [
        held,
        JSON.stringify({
          user_id: 'held',
          currency: 'USD',
          total_minor: 1000,
          items: [{ item_id: 'a', quantity: 1, unit_price_minor: null }],
          metadata: {},
        }),
        JSON.stringify({ schema: 1, actor: 'test' }),
      ]);
      const heldPosition = rows[0]!.position;

      // Many other appends go to the same partition and to other ones.
      const sameDone: boolean[] = [];
      const same = Array.from({ length: 30 }, () =>
        place(append, orderIdIn(1, 4)).then((result) => sameDone.push(true) && result),
      );
      const others = await Promise.all(
        [0, 2, 3].flatMap((partition) => Array.from({ length: 50 }, () => place(append, orderIdIn(partition, 4)))),
      );
      expect(others).to.have.length(150);
      await eventually('the other partitions to be projected', () =>
        [0, 2, 3].every((partition) => seen.get(partition)?.length === 50),
      );
      expect(seen.get(1), 'nothing at or after the open position is visible').to.deep.equal(
        Array.from({ length: heldPosition - 1 }, (_, nth) => nth + 1),
      );
      expect(sameDone, 'appends to the same partition wait').to.have.length(0);

      await client.query('commit');
      client.release();
      await Promise.all(same);
      await projected(log);
      await eventually('the last event', () => seen.get(1)?.length === heldPosition + 30);
      expect(seen.get(1)).to.deep.equal(await positionsOf(log, 1));
      const positions = await log.redis.hget(...orderHistoryKeys(liveKeys(log, 'order-history', 1)).order(held));
      expect(decodePositions(positions ?? '')).to.deep.equal([heldPosition]);
      await expectIntactLog(log);
      await expectReadModelsEqualTheLog(log);
      await projector.stop();
    });
  }

  it('a projection skips nothing when an append that has taken its positions is rolled back', async () => {
    const projector = await startProjector(log);
    const append = appender(log);
    const client = await log.pool.connect();
    await client.query('begin');
    await client.query(
      `select * from append_events(1::smallint, array[$1]::uuid[], '{0}', '{1}', '{OrderNoteAdded}', array['{}'], array['{}'], array[now()])`,
      [orderIdIn(1, 4)],
    );
    const waiting = Promise.all(Array.from({ length: 10 }, () => place(append, orderIdIn(1, 4))));
    await client.query('rollback');
    client.release();
    await waiting;
    await projected(log);
    expect(await positionsOf(log, 1)).to.deep.equal(Array.from({ length: 10 }, (_, nth) => nth + 1));
    await expectReadModelsEqualTheLog(log);
    await projector.stop();
  });
});
