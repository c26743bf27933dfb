import { once } from 'node:events';
import { expect } from 'chai';
import { withConnections } from '../../src/cli/connections.js';
import { fillReadModels } from '../../src/cli/fill-read-models.js';
import { PartitionOwnership } from '../../src/event-log/partition-ownership.js';
import { allProjections } from '../../src/projections/all-projections.js';
import { releaseOf } from '../../src/read-models/keys.js';
import { appender, orderIdIn, placedEvent } from '../support/events.js';
import { recordingTerminal } from '../support/orders-command.js';
import { createTestLog, silent, type TestLog } from '../support/servers.js';

describe('the wait of a command for the read models', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(2);
    await appender(log)({ orderId: orderIdIn(1, 2), expectedVersion: 0, events: [placedEvent()] });
  });
  afterEach(() => log.close());

  const fill = (patienceMs?: number) => {
    const terminal = recordingTerminal('forget', { DATABASE_URL: log.databaseUrl, REDIS_URL: log.redisUrl });
    return withConnections({ terminal, poolSize: 6 }, (context) =>
      fillReadModels(context, { wasServiceRunning: true, ...(patienceMs === undefined ? {} : { patienceMs }) }),
    );
  };

  it('ends with a sentence for each projection if a projector owns the partitions and does not move', async () => {
    const stuck = new PartitionOwnership(log.databaseUrl, log.settings, releaseOf(allProjections), silent);
    stuck.start();
    try {
      while (stuck.owned.size < 2) await once(stuck, 'acquired');
      expect(await fill(500)).to.deep.equal(
        allProjections.map(({ name }) => `${name} is 1 event behind and has not moved for 0.5 s`),
      );
    } finally {
      await stuck.close();
    }
  });

  it('fills them by itself once it has seen no projector for some seconds', async () => {
    expect(await fill()).to.deep.equal([]);
  });
});
