import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import type { Difference } from '../../../src/projector/dry-run/entry-differences.js';
import { KeptDifferences } from '../../../src/service/runs/kept-differences.js';
import { runLimits as limits } from '../../../src/service/runs/limits.js';

describe('the differences that are kept of a comparison', () => {
  const difference: Difference = {
    projection: 'order-status',
    partition: 3,
    key: 'held',
    orderId: undefined,
    field: 'added',
    live: '0',
    rebuilt: undefined,
  };

  it('all differences are counted, and the first ones are kept', () => {
    const kept = new KeptDifferences(2);
    for (const field of ['a', 'b', 'c']) kept.add({ ...difference, field });
    expect(kept.total).to.equal(3);
    expect(kept.differences).to.deep.equal(
      ['a', 'b'].map((field) => ({ partition: 3, key: 'held', order_id: null, field, live: '0', rebuilt: null })),
    );
  });

  it('texts of any kind are cut after the limit', () => {
    const kept = new KeptDifferences(1);
    const long = 'ä'.repeat(limits.maxKeptTextLength + 1);
    kept.add({ ...difference, key: long, field: long, live: long, rebuilt: long.slice(1) });
    const cut = `${long.slice(1)}…`;
    expect(kept.differences[0]).to.include({ key: cut, field: cut, live: cut, rebuilt: long.slice(1) });
  });

  it('a text that was cut does not keep the whole text in memory', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const length = 1024 * 1024;
    const kept = new KeptDifferences(100);
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let nth = 0; nth < 100; nth += 1) kept.add({ ...difference, live: Buffer.alloc(length, 'x').toString() });
    collect();
    expect(process.memoryUsage().heapUsed - before).to.be.below(20 * length);
    expect(kept.total).to.equal(100);
  });
});
