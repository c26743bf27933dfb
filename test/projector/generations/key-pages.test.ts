import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { type KeyPage, keyReader } from '../../../src/projector/generations/key-pages.js';
import { projectorLimits as limits } from '../../../src/projector/limits.js';
import { serverUrls } from '../../support/servers.js';

describe('the pages of keys', () => {
  let redis: Redis;
  before(() => {
    redis = new Redis(serverUrls().redisUrl);
  });
  after(() => redis.disconnect());
  let prefix: string;
  beforeEach(() => {
    // Keys of one partition have one hash tag.
    prefix = `{${randomUUID()}}`;
  });
  afterEach(async () => {
    const names = await redis.keys(`${prefix}*`);
    if (names.length > 0) await redis.del(...names);
  });

  interface Found {
    readonly type: string;
    readonly entries: ReadonlyMap<string, string>;
    /** The length of the texts of each page. */
    readonly lengths: readonly number[];
  }

  async function readAll(name: string): Promise<Found> {
    const reader = keyReader(redis);
    const [first = expect.fail('a key has a page')] = await reader.firstPages([name]);
    const entries = new Map<string, string>();
    const lengths: number[] = [];
    for await (const page of reader.pages(name, first)) {
      lengths.push(lengthOf(page));
      page.forEach((entry, text) => {
        entries.set(entry, text);
      });
    }
    return { type: first.type, entries, lengths };
  }

  function lengthOf(page: KeyPage): number {
    let length = 0;
    page.forEach((entry, text) => {
      length += entry.length + text.length;
    });
    return length;
  }

  it('have all entries of a key of any type, on several pages if there are many', async () => {
    const count = 2.5 * limits.entriesPerPage;
    // Redis returns small collections whole, whatever COUNT says.
    const names = Array.from({ length: count }, (_, nth) => `entry-${nth}`.padEnd(80, '-'));
    await redis.hset(`${prefix}:hash`, ...names.flatMap((name, nth) => [name, `text ${nth}`]));
    await redis.zadd(`${prefix}:zset`, ...names.flatMap((name, nth) => [nth, name]));
    await redis.sadd(`${prefix}:set`, ...names);
    await redis.rpush(`${prefix}:list`, ...names);
    await redis.set(`${prefix}:string`, 'text');
    const expected = {
      hash: names.map((name, nth) => [name, `text ${nth}`]),
      zset: names.map((name, nth) => [name, String(nth)]),
      set: names.map((name) => [name, '1']),
      list: names.map((name, nth) => [String(nth), name]),
      string: [['', 'text']],
      none: [],
    } as Readonly<Record<string, [string, string][]>>;
    for (const [type, entries] of Object.entries(expected)) {
      const found = await readAll(`${prefix}:${type}`);
      expect(found.type).to.equal(type);
      expect([...found.entries].sort(), type).to.deep.equal([...entries].sort());
      expect(found.lengths.length > 1, type).to.equal(entries.length > 1);
    }
    expect([...(await readAll(`${prefix}:list`)).entries.keys()]).to.deep.equal(names.map((_, nth) => String(nth)));
  });

  it('have texts as Redis has them, whatever their characters', async () => {
    const controls = Array.from({ length: 0x21 }, (_, code) => String.fromCharCode(code)).join('');
    const text = `"\\/${controls}\u007f\u0080\u2028\u2029é€😀`;
    await redis.hset(`${prefix}:hash`, text, text, '', '');
    await redis.rpush(`${prefix}:list`, '', text);
    expect(Object.fromEntries((await readAll(`${prefix}:hash`)).entries)).to.deep.equal({ [text]: text, '': '' });
    expect([...(await readAll(`${prefix}:list`)).entries.values()]).to.deep.equal(['', text]);
  });

  it('end at a number of bytes, and so does a round trip that reads several keys', async () => {
    const text = 'x'.repeat(limits.maxComparedBytes / 8);
    const names = ['a', 'b', 'c'].map((name) => `${prefix}:${name}`);
    // More fields than one block of memory has.
    for (const name of names) {
      await redis.rpush(`${name}`, ...Array.from({ length: 40 }, () => text));
    }
    const fields = Array.from({ length: 200 }, (_, nth) => [`field-${nth}`, nth % 5 === 0 ? text : 'small']).flat();
    await redis.hset(`${prefix}:hash`, ...fields);
    const atMost = limits.maxComparedBytes + 16 * text.length;
    for (const name of [`${prefix}:hash`, ...names]) {
      const { entries, lengths } = await readAll(name);
      expect(entries.size).to.equal(name.endsWith('hash') ? 200 : 40);
      expect(lengths.length).to.be.greaterThan(1);
      for (const length of lengths) expect(length).to.be.at.most(atMost + 200 * 20);
    }
    const pages = await keyReader(redis).firstPages(names);
    expect(pages).to.have.length(1);
  });

  it('have the texts of single entries, of as many as the bytes allow', async () => {
    const name = (type: string) => `${prefix}:${type}`;
    await redis.hset(name('hash'), 'a', '1');
    await redis.zadd(name('zset'), 5, 'a');
    await redis.sadd(name('set'), 'a');
    await redis.rpush(name('list'), 'x', 'y');
    await redis.set(name('string'), 'text');
    const entries = ['hash', 'zset', 'set', 'list', 'string', 'none'].flatMap((type) =>
      ['a', 'b', '1'].map((entry) => ({ name: name(type), entry })),
    );
    const none = undefined;
    expect(await keyReader(redis).texts(entries)).to.deep.equal(
      [
        ['1', none, none],
        ['5', none, none],
        ['1', none, none],
        [none, none, 'y'],
        ['text', 'text', 'text'],
        [none, none, none],
      ].flat(),
    );
    const text = 'x'.repeat(limits.maxComparedBytes / 4);
    await redis.rpush(name('large'), ...Array.from({ length: 10 }, () => text));
    const large = Array.from({ length: 10 }, (_, nth) => ({ name: name('large'), entry: String(nth) }));
    expect(await keyReader(redis).texts(large)).to.deep.equal([text, text, text, text]);
  });
});
