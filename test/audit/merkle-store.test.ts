import { expect } from 'chai';
import { extendTree, openTree, storedTreeSize } from '../../src/audit/merkle-store.js';
import { isConsistent, isIncluded, leafHash, rootOf } from '../../src/audit/merkle-tree.js';
import { readPartition } from '../../src/event-log/read/read-partition.js';
import { appender, noteEvent, orderIdIn, placedEvent } from '../support/events.js';
import { createTestLog, type TestLog } from '../support/servers.js';

describe('the stored Merkle tree of a partition', () => {
  let log: TestLog;
  let leaves: Buffer[];
  before(async () => {
    log = await createTestLog(1);
    const append = appender(log);
    // A little more than one subtree of 256² events, so that two levels are stored.
    const perOrder = 9_999;
    for (let done = 0; done < 66_100; done += perOrder + 1) {
      const events = [placedEvent(), ...Array.from({ length: perOrder }, () => noteEvent('n'))];
      await append({ orderId: orderIdIn(0, 1), expectedVersion: 0, events });
    }
    leaves = (await readPartition(log.pool, 0, 0, 100_000)).map(({ hash }) => leafHash(hash));
  });
  after(() => log.close());

  it('the stored tree has the root of the tree over the events, for any size, and proves any event', async () => {
    await extendTree(log.pool, 0, 300);
    await extendTree(log.pool, 0, leaves.length);
    await extendTree(log.pool, 0, leaves.length);
    for (const size of [1, 2, 255, 256, 257, 511, 512, 513, 5_000, 65_535, 65_536, 65_537, 65_900, leaves.length]) {
      const tree = openTree(log.pool, 0, size);
      const root = rootOf(leaves.slice(0, size));
      expect((await tree.root()).equals(root), `the root of ${size}`).to.equal(true);
      for (const position of new Set([1, Math.ceil(size / 2), Math.max(1, size - 1), size])) {
        const path = await tree.path(position);
        expect(path.length).to.be.at.most(Math.ceil(Math.log2(Math.max(2, size))));
        expect(isIncluded(leaves[position - 1]!, position - 1, size, path, root), `${position} of ${size}`).to.equal(
          true,
        );
      }
    }
    const tree = openTree(log.pool, 0, leaves.length);
    const whole = rootOf(leaves);
    for (const first of [1, 255, 256, 300, 65_535, 65_536, 65_537, leaves.length - 1, leaves.length]) {
      const roots = { first: rootOf(leaves.slice(0, first)), second: whole };
      const path = await tree.consistency(first);
      expect(isConsistent(first, leaves.length, path, roots), `begins with ${first}`).to.equal(true);
    }
    const { rows } = await log.owner.query('select level, count(*)::int from merkle_nodes group by 1 order by 1');
    expect(rows.map(({ level, count }) => [level, count])).to.deep.equal([
      [0, Math.floor(leaves.length / 256)],
      [1, Math.floor(leaves.length / 65_536)],
    ]);
  });

  it('verification works while the tree is being extended and a level is missing', async () => {
    await log.owner.query('alter table merkle_nodes disable trigger all');
    await log.owner.query('delete from merkle_nodes where level = 1');
    const size = await storedTreeSize(log.pool, 0);
    expect(size).to.equal(255 * 256);
    expect((await openTree(log.pool, 0, size).root()).equals(rootOf(leaves.slice(0, size)))).to.equal(true);
    await log.owner.query('alter table merkle_nodes enable trigger all');
    await extendTree(log.pool, 0, leaves.length);
  });

  it('stored nodes cannot be changed or deleted', async () => {
    for (const sql of ['delete from merkle_nodes', `update merkle_nodes set index = 0`])
      expect(String(await log.owner.query(sql).catch((error: Error) => error))).to.match(/append-only/);
  });

  for (const [what, level, index] of [
    ['of level 0 with a wrong hash', 0, 0],
    ['of level 1 with a wrong hash', 1, 0],
    ['over events that do not exist', 0, 1_000],
    ['with a negative index of its events', 0, -1],
  ] as const) {
    it(`the service’s role cannot store a node ${what}, which nobody could remove`, async () => {
      const sql = `insert into merkle_nodes (partition, level, index, hash) values (0, $1, $2, sha256('x'))`;
      for (const session of [log.pool, log.owner]) {
        const error = await session.query(sql, [level, index]).catch((reason: Error) => reason);
        expect(String(error)).to.match(/is not complete|is wrong|merkle_nodes_index_check/);
      }
    });
  }
});
