import { once } from 'node:events';
import { expect } from 'chai';
import pg from 'pg';
import { PartitionOwnership } from '../../src/event-log/partition-ownership.js';
import { createTestLog, silent, type TestLog } from '../support/servers.js';

describe('ownership of partitions', () => {
  let log: TestLog;

  beforeEach(async () => {
    log = await createTestLog();
  });

  afterEach(() => log.close());

  function owner(): PartitionOwnership {
    return new PartitionOwnership(log.databaseUrl, log.settings, 'test', silent);
  }

  it('is shared with who comes later, one statement of a session at a time', async () => {
    const sessions = watchStatements();
    const [first, second] = [owner(), owner()];
    try {
      first.start();
      while (first.owned.size < 16) await once(first, 'acquired');
      second.start();
      while (second.owned.size < 8) await once(second, 'acquired');
      expect([...first.owned, ...second.owned].toSorted((a, b) => a - b)).to.deep.equal([...Array(16).keys()]);
    } finally {
      await Promise.all([first.close(), second.close()]);
      sessions.end();
    }
    expect(sessions.most(), 'statements of one session at once').to.equal(1);
  });
});

/** How many statements the clients of this process had in hand at once, each by itself. A session that is given more queues them, which pg gives up in version 9. */
function watchStatements(): { most(): number; end(): void } {
  const { query } = pg.Client.prototype;
  const inHand = new WeakMap<pg.Client, number>();
  let most = 0;
  const count = (client: pg.Client, change: number) => {
    const now = (inHand.get(client) ?? 0) + change;
    inHand.set(client, now);
    most = Math.max(most, now);
  };
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const answer: unknown = Reflect.apply(query, this, args);
    if (answer instanceof Promise) {
      count(this, 1);
      answer.then(
        () => count(this, -1),
        () => count(this, -1),
      );
    }
    return answer;
  } as typeof query;
  return {
    most: () => most,
    end: () => {
      pg.Client.prototype.query = query;
    },
  };
}
