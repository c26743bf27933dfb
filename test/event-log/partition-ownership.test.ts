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

  it('a process hands half of its partitions to a later one, with one statement of a session at a time', async () => {
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
    expect(sessions.most(), 'statements of one session in flight at once').to.equal(1);
  });

  it('a process that closes keeps the locks of partitions that it hands over until their work has ended', async () => {
    const [first, second] = [owner(), owner()];
    let endWork: () => void = () => undefined;
    const work = new Promise<void>((resolve) => {
      endWork = resolve;
    });
    try {
      first.start();
      while (first.owned.size < 16) await once(first, 'acquired');
      first.drained = () => work;
      second.start();
      await once(first, 'lost');
      first.drained = async () => undefined;
      const closed = first.close();
      await rebalances(4);
      expect(second.owned.size, 'partitions of the other process').to.equal(0);
      endWork();
      await closed;
      while (second.owned.size < 16) await once(second, 'acquired');
    } finally {
      endWork();
      await Promise.all([first.close(), second.close()]);
    }
  });
});

/** Resolves when this many rebalances of owners in this process have begun. */
function rebalances(count: number): Promise<void> {
  const { query } = pg.Client.prototype;
  let left = count;
  return new Promise((resolve) => {
    pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
      if (String(args[0]).includes('pg_locks')) left -= 1;
      if (left === 0) {
        pg.Client.prototype.query = query;
        resolve();
      }
      return Reflect.apply(query, this, args);
    } as typeof query;
  });
}

/**
 * Measures the most statements that any client of this process had in flight at once. A client
 * queues further statements, which is deprecated in pg 8 and removed in pg 9.
 */
function watchStatements(): { most(): number; end(): void } {
  const { query } = pg.Client.prototype;
  const inFlight = new WeakMap<pg.Client, number>();
  let most = 0;
  const count = (client: pg.Client, change: number) => {
    const now = (inFlight.get(client) ?? 0) + change;
    inFlight.set(client, now);
    most = Math.max(most, now);
  };
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const response: unknown = Reflect.apply(query, this, args);
    if (response instanceof Promise) {
      count(this, 1);
      response.then(
        () => count(this, -1),
        () => count(this, -1),
      );
    }
    return response;
  } as typeof query;
  return {
    most: () => most,
    end: () => {
      pg.Client.prototype.query = query;
    },
  };
}
