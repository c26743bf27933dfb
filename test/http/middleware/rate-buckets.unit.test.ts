import { expect } from 'chai';
import { RateBuckets } from '../../../src/http/middleware/rate-buckets.js';

describe('RateBuckets', () => {
  it('a caller may send its limit at once, and gets it back evenly, not at the end of a window', () => {
    const buckets = new RateBuckets(60, 1_000);
    for (let nth = 0; nth < 60; nth += 1) {
      expect(buckets.take('a', 1, 'take', 0)).to.include({ allowed: true, left: 59 - nth });
    }
    expect(buckets.take('a', 1, 'take', 0)).to.deep.equal({ allowed: false, left: 0, waitMs: 1_000 });
    expect(buckets.take('b', 1, 'take', 0).allowed, 'another caller').to.equal(true);
    // One request per second, no more: a fixed window would allow 60 at once at its end.
    let allowed = 0;
    for (let ms = 100; ms <= 30_000; ms += 100) if (buckets.take('a', 1, 'take', ms).allowed) allowed += 1;
    expect(allowed).to.equal(30);
    expect(buckets.take('a', 60, 'take', 200_000).allowed, 'full again').to.equal(true);
  });

  it('a check takes nothing', () => {
    const buckets = new RateBuckets(2, 1_000);
    for (let nth = 0; nth < 5; nth += 1) expect(buckets.take('a', 1, 'check', 0).allowed).to.equal(true);
    buckets.take('a', 2, 'take', 0);
    expect(buckets.take('a', 1, 'check', 0)).to.deep.equal({ allowed: false, left: 0, waitMs: 1_000 });
  });
});
