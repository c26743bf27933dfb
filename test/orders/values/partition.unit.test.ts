import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { orderPartition } from '../../../src/orders/values/partition.js';

describe('The partition of an order', () => {
  it('is the one in which logs already hold it', () => {
    const ids = [1, 2, 3, 4, 5].map((nth) => `018f0000-0000-7000-8000-00000000000${nth}`);
    expect(ids.map((id) => orderPartition(id, 8))).to.deep.equal([6, 3, 5, 4, 7]);
  });

  it('is the first four bytes of the SHA-256 of its id, modulo the number of partitions', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 1, max: 1_024 }), (id, partitions) => {
        const bytes = Buffer.from(id.replaceAll('-', ''), 'hex');
        const expected = createHash('sha256').update(bytes).digest().readUInt32BE(0) % partitions;
        expect(orderPartition(id, partitions)).to.equal(expected);
        expect(orderPartition(id.toUpperCase(), partitions), 'in upper case').to.equal(expected);
      }),
    );
  });
});
