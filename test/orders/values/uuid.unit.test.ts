import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalUuid, isUuid, uuidText, writeUuidBytes } from '../../../src/orders/values/uuid.js';

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
    const digits = Number('1'.repeat(32));
    for (const other of [undefined, null, digits, [canonical]]) expect(isUuid(other)).to.equal(false);
  });

  it('are written as their 16 bytes and read again, at any place of a buffer', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.nat(3), (id, start) => {
        const bytes = Buffer.from(id.replaceAll('-', ''), 'hex');
        for (const text of [id, id.toUpperCase()]) {
          const to = Buffer.alloc(17, 0xee);
          writeUuidBytes(text, to);
          expect(to.toString('hex')).to.equal(`${bytes.toString('hex')}ee`);
        }
        expect(uuidText(Buffer.concat([Buffer.alloc(start), bytes]), start)).to.equal(id);
      }),
    );
  });
});
