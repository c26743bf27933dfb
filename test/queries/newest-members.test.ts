import { expect } from 'chai';
import fc from 'fast-check';
import { shortTimeAndId } from '../../src/read-models/encoding/short-id.js';
import { placedMemberLength, placedPart } from '../../src/read-models/order-status.js';
import { redisScript } from '../../src/read-models/redis/redis-script.js';
import { createTestLog, type TestLog } from '../support/servers.js';

describe('The newest members of several sets', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog(1);
  });
  after(() => log.close());

  it('come in the order of their times and ids, each once, whichever set they are in and whatever precedes them', async () => {
    const script = redisScript(log.redis, 'newest-members.lua');
    const ids = Array.from({ length: 40 }, (_, nth) => `01a22a87-23e7-7606-bb70-${String(nth).padStart(12, '0')}`);
    const member = fc.tuple(fc.constantFrom(1, 2, 4_095, 4_096, 10 ** 12), fc.constantFrom(...ids));
    const sets = fc.array(fc.array(member, { maxLength: 12 }), { minLength: 2, maxLength: 6 });
    const property = fc.asyncProperty(sets, fc.integer({ min: 1, max: 30 }), async (given, count) => {
      const keys = given.map((_, nth) => `{newest}:${nth}`);
      await log.redis.del(...keys);
      const all = new Set<string>();
      for (const [nth, members] of given.entries()) {
        for (const [ms, id] of members) {
          const placed = shortTimeAndId(ms, id);
          all.add(placed);
          await log.redis.zadd(`{newest}:${nth}`, 0, `u\0${nth}${placed}`);
        }
      }
      const bounds = given.flatMap((_, nth) => [`(u\0${nth}\x7f`, `[u\0${nth}`]);
      const found = (await script(keys, [count, placedMemberLength, ...bounds])) as string[];
      const expected = [...all].sort((a, b) => (a < b ? 1 : -1)).slice(0, count);
      expect(found.map(placedPart)).to.deep.equal(expected);
    });
    await fc.assert(property, { numRuns: 60 });
  });
});
