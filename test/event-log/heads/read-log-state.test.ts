import { expect } from 'chai';
import type pg from 'pg';
import { readReachableState } from '../../../src/event-log/heads/read-log-state.js';
import { appender, orderIdIn, place } from '../../support/events.js';
import { createTestLog } from '../../support/servers.js';
import { replaced } from '../../support/watched-pool.js';

describe('the heads of a distributed database', () => {
  it('are read within some seconds although one of its servers does not respond', async () => {
    const log = await createTestLog(4);
    const append = appender(log);
    for (let partition = 0; partition < 4; partition += 1) await place(append, orderIdIn(partition, 4));
    const isSilent = ({ name, values = [] }: pg.QueryConfig) =>
      name === 'read-log-state' || (name === 'read-partition-state' && values[2] === 1);
    const pool = replaced(log.pool, {
      query: (statement: pg.QueryConfig) =>
        log.pool.query(
          isSilent(statement) ? { ...statement, name: 'sleep', text: 'select pg_sleep(20)', values: [] } : statement,
        ),
    });
    const startMs = performance.now();
    const { states, unreachable } = await readReachableState(
      pool,
      { partitions: 4, appendAcrossPartitions: false },
      [],
    );
    expect(performance.now() - startMs).to.be.lessThan(10_000);
    expect(states.map(({ partition }) => partition).sort()).to.deep.equal([0, 2, 3]);
    expect([...unreachable.keys()]).to.deep.equal([1]);
    await log.close();
  });
});
