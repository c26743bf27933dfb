import { expect } from 'chai';
import { Redis } from 'ioredis';
import { scanKeys } from '../../../src/read-models/redis/scan.js';
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
    await redis.del(...names);
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
});
