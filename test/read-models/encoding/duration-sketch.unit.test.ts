import { expect } from 'chai';
import fc from 'fast-check';
import {
  addDuration,
  decodeSketch,
  emptySketch,
  encodeSketch,
  mergeSketch,
  quantileMs,
} from '../../../src/read-models/encoding/duration-sketch.js';

describe('duration sketch', () => {
  it('a quantile is within 1 % of the true one for every set of durations, counted separately and merged', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 10 ** 10 }), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0, 0.5, 0.9, 0.99, 1),
        (durations, q) => {
          const [left, right] = [emptySketch(), emptySketch()];
          for (const [index, duration] of durations.entries()) addDuration(index % 2 ? left : right, duration);
          const merged = decodeSketch(encodeSketch(left));
          mergeSketch(merged, decodeSketch(encodeSketch(right)));
          const sorted = durations.toSorted((a, b) => a - b);
          const exact = sorted[Math.floor(q * (sorted.length - 1))] ?? 0;
          expect(Math.abs((quantileMs(merged, q) ?? 0) - exact)).to.be.at.most(exact * 0.0101);
          expect(merged.count).to.equal(durations.length);
          expect(merged.sumMs).to.equal(durations.reduce((sum, one) => sum + one, 0));
        },
      ),
    );
  });
  it('the encoded form is that of the present state after each change', () => {
    const [sketch, other] = [emptySketch(), emptySketch()];
    addDuration(other, 9_000);
    for (const change of [
      () => addDuration(sketch, 5),
      () => addDuration(sketch, 5),
      () => mergeSketch(sketch, other),
    ]) {
      encodeSketch(sketch);
      change();
      const { encoded: _, ...now } = sketch;
      expect(decodeSketch(encodeSketch(sketch))).to.deep.include(now);
    }
  });
  it('an empty sketch has no quantile', () => expect(quantileMs(emptySketch(), 0.5)).to.equal(null));
});
