import { getDefaultAutoSelectFamilyAttemptTimeout, setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { expect } from 'chai';
import { run, type WorkerMessage } from '../../../src/service/runs/verify-worker.js';

describe('A thread that compares partitions', () => {
  const byDefault = getDefaultAutoSelectFamilyAttemptTimeout();
  after(() => setDefaultAutoSelectFamilyAttemptTimeout(byDefault));

  it('gives each address of a server as long as the thread that started it', async () => {
    const url = '127.0.0.1:1/';
    const messages: WorkerMessage[] = [];
    await run(
      {
        connection: {
          servers: { databaseUrl: `postgresql://${url}`, directDatabaseUrl: undefined, redisUrl: `redis://${url}` },
          databaseRole: 'orders_service',
          personalDataKeyFile: undefined,
        },
        work: { lives: [], partitions: [], atOnce: 1, maxBytes: 0 },
        addressTimeoutMs: byDefault + 1_234,
      },
      (message) => messages.push(message),
    );
    expect(messages).to.have.length(1);
    expect(messages[0]).to.have.property('failed');
    expect(getDefaultAutoSelectFamilyAttemptTimeout()).to.equal(byDefault + 1_234);
  });
});
