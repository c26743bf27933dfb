import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  longId,
  shortId,
  shortIdLength,
  shortTime,
  shortTimeAndId,
} from '../../../src/read-models/encoding/short-id.js';

describe('short ids and times', () => {
  it('a short id decodes to its UUID, and short ids sort like UUIDs', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), (one, other) => {
        expect(shortId(one)).to.have.length(shortIdLength);
        expect(longId(shortId(one))).to.equal(one);
        expect(shortId(one) < shortId(other)).to.equal(one < other);
      }),
    );
    const undashed = randomUUID().replaceAll('-', '0');
    for (const wrong of ['', 'nobody', randomUUID().toUpperCase().replace(/\d/g, 'A'), `${randomUUID()}0`, undashed]) {
      expect(() => shortId(wrong), wrong).to.throw('no lower-case UUID');
      expect(() => longId(wrong), wrong).to.throw('no short id');
    }
  });

  it('short times sort like times', () => {
    const time = fc.integer({ min: 0, max: 8_640_000_000_000_000 / 1_000 });
    fc.assert(
      fc.property(time, time, (one, other) => {
        expect(shortTime(one)).to.have.length(8);
        expect(shortTime(one) < shortTime(other)).to.equal(one < other);
      }),
    );
  });

  it('a short time with a short id is the short time followed by the short id', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), fc.uuid(), (time, id) => {
        expect(shortTimeAndId(time, id)).to.equal(shortTime(time) + shortId(id));
      }),
    );
  });
});
