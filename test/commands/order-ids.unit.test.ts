import { expect } from 'chai';
import { newOrderId } from '../../src/commands/order-ids.js';

describe('new order ids', () => {
  it('new order ids are distinct UUIDs of version 7 with the time of their creation', () => {
    const before = Date.now();
    const ids = Array.from({ length: 5_000 }, newOrderId);
    const after = Date.now();
    expect(new Set(ids).size).to.equal(ids.length);
    for (const id of ids) {
      expect(id).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).to.be.within(before, after);
    }
  });

  it('new order ids have only the time in common', () => {
    const ends = Array.from({ length: 2_000 }, () => newOrderId().slice(15));
    for (let at = 0; at < 21; at += 1) {
      const digits = new Set(ends.map((end) => end[at]));
      // Fewer values are possible for the dashes, for the digit with a bit that uuid leaves at
      // zero, and for the digit with the two bits of the variant.
      const possible: Record<number, number> = { 0: 8, 3: 1, 4: 4, 8: 1 };
      expect(digits.size, `digit ${at}`).to.equal(possible[at] ?? 16);
    }
  });
});
