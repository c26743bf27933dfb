import { expect } from 'chai';
import fc from 'fast-check';
import { shortTimeAndId } from '../../src/read-models/encoding/short-id.js';
import { placedMemberLength, placedPart } from '../../src/read-models/order-status.js';
import { redisScript } from '../../src/read-models/redis/redis-script.js';
import { createTestLog, type TestLog } from '../support/servers.js';

/** An id with another hex digit at this place: the script compares members in several parts. */
function differingAt(place: number, digit: string): string {
  const digits = '01a22a8723e77606bb70a5c3d2e4f687';
  return `${digits.slice(0, place)}${digit}${digits.slice(place + 1)}`.replace(
    /^(.{8})(.{4})(.{4})(.{4})(.{12})$/,
    '$1-$2-$3-$4-$5',
  );
}

describe('The newest members of several sets', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog(1);
  });
  after(() => log.close());

  it('come in the order of their times and ids, each once, whichever set they are in and whatever precedes them', async () => {
    const script = redisScript(log.redis, 'newest-members.lua');
    const ids = Array.from({ length: 60 }, (_, nth) => differingAt(nth % 32, nth < 32 ? '1' : 'f'));
    const member = fc.tuple(fc.constantFrom(1, 2, 4_095, 4_096, 10 ** 12), fc.constantFrom(...ids));
    const sets = fc.array(fc.array(member, { maxLength: 12 }), { minLength: 2, maxLength: 6 });
    const property = fc.asyncProperty(sets, fc.integer({ min: 1, max: 30 }), async (given, count) => {
      const keys = given.map((_, nth) => `{newest}:${nth}`);
      await log.redis.del(...keys);
      const isShared = count % 2 === 0;
      const all = new Set<string>();
      for (const [nth, members] of given.entries()) {
        for (const [ms, id] of members) {
          const placed = shortTimeAndId(ms, id);
          all.add(placed);
          await log.redis.zadd(`{newest}:${nth}`, 0, `u\0${isShared ? '' : nth}${placed}`);
        }
      }
      const bounds = isShared ? ['(u\0\x7f', '[u\0'] : given.flatMap((_, nth) => [`(u\0${nth}\x7f`, `[u\0${nth}`]);
      const found = (await script(keys, [count, placedMemberLength, ...bounds])) as string[];
      const expected = [...all].sort((a, b) => (a < b ? 1 : -1)).slice(0, count);
      expect(found.map(placedPart)).to.deep.equal(expected);
    });
    await fc.assert(property, { numRuns: 60 });
  });
});
