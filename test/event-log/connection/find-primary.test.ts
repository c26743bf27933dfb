import { once } from 'node:events';
import { expect } from 'chai';
import { inspectDatabase } from '../../../src/event-log/connection/inspect-database.js';
import { createPool } from '../../../src/event-log/database.js';
import { LogContinuity } from '../../../src/event-log/heads/log-continuity.js';
import { LogHeads } from '../../../src/event-log/heads/log-heads.js';
import { PartitionOwnership } from '../../../src/event-log/partition-ownership.js';
import { createTestLog, silent, type TestLog } from '../../support/servers.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';

describe('a URL with several hosts', () => {
  let log: TestLog;
  let first: TcpProxy;
  let second: TcpProxy;
  let url: string;
  beforeEach(async () => {
    log = await createTestLog(2);
    [first, second] = await Promise.all([startTcpProxy(log.databaseUrl), startTcpProxy(log.databaseUrl)]);
    url = first.url.replace(/(@[^/]*)/, `$1,${new URL(second.url).host}`);
    second.refuse();
  });
  afterEach(async () => {
    await Promise.all([first.close(), second.close()]);
    await log.close();
  });

  /** The other host takes the place of the first. */
  const failOver = () => {
    first.refuse();
    second.accept();
  };
  const outcome = (task: Promise<unknown>) =>
    task.then(
      () => 'connected',
      () => 'failed',
    );
  const inspect = () => outcome(inspectDatabase({ url, role: 'orders_service' }));

  it('leads to the host that accepts writes, whichever of them that is', async () => {
    expect(await inspect()).to.equal('connected');
    failOver();
    const pool = createPool(url, 1);
    // The first connection may meet the host that was found last.
    await outcome(pool.query('select 1'));
    expect((await pool.query('select 1 as one')).rows).to.deep.equal([{ one: 1 }]);
    await pool.end();
  });

  it('is searched again at once after any connection to the host that was found last has failed', async () => {
    const connections: Readonly<Record<string, () => Promise<string>>> = {
      inspect,
      listen: () => {
        const heads = new LogHeads(url, new LogContinuity(log.pool, log.settings, silent), silent);
        return outcome(heads.start()).finally(() => heads.close());
      },
    };
    for (const [name, connect] of Object.entries(connections)) {
      expect(await inspect(), name).to.equal('connected');
      failOver();
      await connect();
      expect(await inspect(), `${name}: afterwards`).to.equal('connected');
      // Back again, for the next kind of connection.
      second.refuse();
      first.accept();
      await inspect();
    }
  });

  it('is searched again by the owner of partitions', async () => {
    expect(await inspect()).to.equal('connected');
    failOver();
    const owner = new PartitionOwnership(url, log.settings, 'test', silent);
    owner.start();
    while (owner.owned.size < 2) await once(owner, 'acquired');
    await owner.close();
  });
});
