import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type pg from 'pg';
import { createAppender } from '../../../src/event-log/append/group-commit.js';
import type { Pool } from '../../../src/event-log/database.js';
import { readReachableState } from '../../../src/event-log/heads/read-log-state.js';
import { createPartitionsReader } from '../../../src/event-log/read/read-partitions.js';
import { createStreamReader } from '../../../src/event-log/read/read-stream.js';
import { orderPartition } from '../../../src/orders/values/partition.js';
import { placedEvent } from '../../support/events.js';
import { createTestLog, type TestLog } from '../../support/servers.js';

describe('if the tables are distributed over servers', () => {
  let log: TestLog;
  const distributed = { partitions: 4, appendAcrossPartitions: false };
  const orderIds = Array.from({ length: 12 }, () => randomUUID());
  before(async () => {
    log = await createTestLog(4);
    const { append } = createAppender(log.pool, distributed);
    await Promise.all(orderIds.map((orderId) => append({ orderId, expectedVersion: 0, events: [placedEvent()] })));
  });
  after(() => log.close());

  it('streams are read by queries of one partition each, and one that fails concerns no other partition', async () => {
    const broken = orderPartition(orderIds[0] ?? '', 4);
    const read = createStreamReader(
      withoutPartition(log.pool, (values) => values[6] === broken),
      distributed,
    );
    const results = await Promise.allSettled(orderIds.map((orderId) => read(orderId)));
    for (const [nth, orderId] of orderIds.entries()) {
      const result = results[nth];
      const isLost = orderPartition(orderId, 4) === broken;
      expect(result?.status, orderId).to.equal(isLost ? 'rejected' : 'fulfilled');
      if (result?.status === 'fulfilled')
        expect(result.value.events.map((event) => event.orderId)).to.deep.equal([orderId]);
    }
  });

  it('new events are read by queries of one partition each', async () => {
    const read = createPartitionsReader(
      withoutPartition(log.pool, (values) => Array.isArray(values[0])),
      distributed,
    );
    const events = await Promise.all([0, 1, 2, 3].map((partition) => read(partition, 0, 100)));
    expect(events.flat().map(({ orderId }) => orderId)).to.have.members(orderIds);
  });

  it('the heads of the other partitions are known while one cannot be read', async () => {
    // The query of all partitions has two parameters, the one of a partition three.
    const pool = withoutPartition(log.pool, (values) => values.length === 2 || values[2] === 1);
    const { states, unreachable } = await readReachableState(pool, distributed, []);
    expect(states.map(({ partition }) => partition)).to.have.members([0, 2, 3]);
    expect([...unreachable.keys()]).to.deep.equal([1]);
    const all = withoutPartition(log.pool, () => true);
    const error = await readReachableState(all, distributed, []).catch((failed: Error) => failed);
    expect(String(error)).to.include('the server is down');
  });

  /** The pool, but statements whose values are chosen fail, as if a server were down. */
  function withoutPartition(pool: Pool, fails: (values: readonly unknown[]) => boolean): Pool {
    const query = async (statement: pg.QueryConfig) => {
      if (fails(statement.values ?? [])) throw new Error('the server is down');
      return pool.query(statement);
    };
    return Object.assign(Object.create(pool), { query });
  }
});
