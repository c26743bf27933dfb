import { expect } from 'chai';
import { startEpoch } from '../../../src/event-log/operators/start-epoch.js';
import { readEpochs } from '../../../src/event-log/read-epochs.js';
import { createTestLog, type TestLog } from '../../support/servers.js';

describe('a new epoch', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog(2);
  });
  after(() => log.close());
  const options = { actor: 'test', reason: 'test', lost: null, resetClock: false };

  it('starts whatever settings the database gives to its sessions', async () => {
    const database = new URL(log.databaseUrl).pathname.slice(1);
    for (const setting of [
      'search_path = nowhere',
      'default_transaction_read_only = on',
      `default_transaction_isolation = 'serializable'`,
      'synchronous_commit = off',
    ])
      await log.owner.query(`alter database ${database} set ${setting}`);
    const epoch = await startEpoch(log.databaseUrl, options);
    expect((await readEpochs(log.pool)).current).to.equal(epoch);
  });

  it('that cannot start because PostgreSQL is away names the address', async () => {
    const away = new URL(log.databaseUrl);
    away.port = '1';
    const error = await startEpoch(away.href, options).catch((failed: unknown) => failed);
    expect(String(error)).to.match(/the database at .*:1\/test_\w+: .*cannot be reached/);
  });
});
