import { expect } from 'chai';
import { Redis } from 'ioredis';
import { followCursor, scanKeys } from '../../../src/read-models/redis/scan.js';
import { serverUrls } from '../../support/servers.js';

describe('scanning Redis', () => {
  let redis: Redis;
  const prefix = `scan-test:${process.pid}`;
  const names = Array.from({ length: 50 }, (_, nth) => `${prefix}:${nth}`);
  before(async () => {
    redis = new Redis(serverUrls().redisUrl);
    await redis.mset(Object.fromEntries(names.map((name) => [name, 'x'])));
  });
  after(async () => {
    await redis.del(...names, `${prefix}:set`);
    redis.disconnect();
  });

  async function collect(pages: AsyncGenerator<readonly string[]>): Promise<{ found: string[]; pages: number }> {
    const found = new Set<string>();
    let count = 0;
    for await (const page of pages) {
      count += 1;
      for (const one of page) found.add(one);
    }
    return { found: [...found].toSorted(), pages: count };
  }

  it('scanKeys yields every key that matches the pattern, on several pages, and no other key', async () => {
    const { found, pages } = await collect(scanKeys(redis, `${prefix}:*`, 10));
    expect(found).to.deep.equal(names.toSorted());
    expect(pages).to.be.greaterThan(1);
  });

  it('followCursor continues from a first reply that the caller has read already', async () => {
    const key = `${prefix}:set`;
    // Redis ignores COUNT for small sets, so the set is larger than a listpack.
    const members = Array.from({ length: 1_000 }, (_, nth) => `member-${nth}`);
    await redis.sadd(key, ...members);
    const cursors: string[] = [];
    const first = await redis.sscan(key, '0', 'COUNT', 100);
    const command = (cursor: string) => {
      cursors.push(cursor);
      return ['SSCAN', key, cursor, 'COUNT', 100] as const;
    };
    const { found } = await collect(followCursor(redis, command, first));
    expect(found).to.deep.equal(members.toSorted());
    expect(cursors[0]).to.equal(first[0]);
  });
});
