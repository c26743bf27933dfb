import { expect } from 'chai';
import { canonicalUuid, isUuid } from '../../../src/orders/values/uuid.js';

describe('UUIDs', () => {
  const canonical = '0197f3a0-0000-7000-8000-00000000abcd';

  it('are accepted in either case, with all of their dashes or with none, and have one canonical form', () => {
    const bare = canonical.replaceAll('-', '');
    for (const text of [canonical, canonical.toUpperCase(), bare, bare.toUpperCase()]) {
      expect(isUuid(text), text).to.equal(true);
      expect(canonicalUuid(text)).to.equal(canonical);
    }
    for (const text of [canonical.replace('-', ''), bare.slice(1), `${bare}0`, `{${canonical}}`, `${bare}\n`]) {
      expect(isUuid(text), text).to.equal(false);
    }
  });
});
