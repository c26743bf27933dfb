import { expect } from 'chai';
import { genesisHash } from '../../../src/event-log/hash-chain.js';
import { readPage } from '../../../src/event-log/read/read-page.js';
import { type ChainedEvent, scanOrder } from '../../../src/event-log/read/scan-order.js';
import { appender, noteEvent, orderIdIn, placedEvent } from '../../support/events.js';
import { runOrders } from '../../support/orders-command.js';
import { createTestLog, type TestLog } from '../../support/servers.js';
import { replaced } from '../../support/watched-pool.js';

describe('The events of one order', () => {
  let log: TestLog;
  const [first, second] = [orderIdIn(1, 2), orderIdIn(1, 2)];
  before(async () => {
    log = await createTestLog(2);
    const append = appender(log, true);
    await append({ orderId: orderIdIn(0, 2), expectedVersion: 0, events: [placedEvent()] });
    await append({ orderId: first, expectedVersion: 0, events: [placedEvent()] });
    await append({ orderId: second, expectedVersion: 0, events: [placedEvent('u-2')] });
    await append({ orderId: first, expectedVersion: 1, events: [noteEvent('a'), noteEvent('b')] });
  });
  after(() => log.close());

  it('are found with the hash before each, without a scan of a partition', async () => {
    // A scan copies whole pages, over a connection of its own.
    const connect = () => Promise.reject(new Error('a partition is scanned'));
    const found: ChainedEvent[] = [];
    for await (const one of scanOrder(replaced(log.pool, { connect }), log.settings, first)) found.push(one);
    const all = await readPage(log.pool, 1, 0, 10);
    expect(found.map(({ event }) => event)).to.deep.equal(all.filter(({ orderId }) => orderId === first));
    const hashes = found.map(({ previousHash }) => previousHash.toString('hex'));
    const before = [genesisHash, all[1]?.hash, all[2]?.hash].map((hash) => hash?.toString('hex'));
    expect(hashes).to.deep.equal(before);
  });

  it('are exported by time and by user like those of all orders', async () => {
    const exported = async (...args: string[]) => {
      const { code, stdout, output } = await runOrders(log, ['export', '--order', first, ...args]);
      expect(code, output).to.equal(0);
      return stdout.trim().split('\n').filter(Boolean).length;
    };
    expect(await exported('--user', 'u-2')).to.equal(0);
    expect(await exported()).to.equal(3);
    expect(await exported('--user', 'u-1', '--from', '2020-01-01T00:00:00Z')).to.equal(3);
    expect(await exported('--to', '2020-01-01T00:00:00Z')).to.equal(0);
  });
});
