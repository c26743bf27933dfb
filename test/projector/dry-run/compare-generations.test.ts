import { expect } from 'chai';
import type { Command } from 'ioredis';
import { orderStatusProjection as projection } from '../../../src/projections/order-status.js';
import { compareGenerations } from '../../../src/projector/dry-run/compare-generations.js';
import { projectorLimits as limits } from '../../../src/projector/limits.js';
import type { Redis } from '../../../src/read-models/redis/redis-client.js';
import { createTestLog, type TestLog } from '../../support/servers.js';
import { replaced } from '../../support/watched-pool.js';

describe('a comparison of two generations', () => {
  const live = { name: projection.name, generation: 1 };
  const rebuilt = { name: projection.name, generation: 2 };
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(2);
  });
  afterEach(() => log.close());

  const nameOf = (id: typeof live, key: string) => log.keys.partition(id, 1)(key);
  async function compare(redis: Redis = log.redis) {
    const found: string[] = [];
    const result = await compareGenerations({
      ...{ redis, keys: log.keys, projection, live, rebuilt, advanceTo: undefined },
      checkpointFreeze: {} as never,
      onDifference: (one) => found.push(`${one.key}: ${one.live ?? 'none'}, ${one.rebuilt ?? 'none'}`),
    });
    return { ...result, found: found.sort() };
  }

  /** The write that adds entries to a key of a type. */
  const writes: Readonly<Record<string, (entries: readonly string[]) => [string, ...string[]]>> = {
    hash: (entries) => ['HSET', ...entries.flatMap((entry) => [entry, `text of ${entry}`])],
    zset: (entries) => ['ZADD', ...entries.flatMap((entry) => ['0', entry])],
    set: (entries) => ['SADD', ...entries],
    list: (entries) => ['RPUSH', ...entries],
  };
  async function add(id: typeof live, key: string, type: string, entries: readonly string[]): Promise<void> {
    const [command, ...args] = writes[type]?.(entries) ?? expect.fail(type);
    await log.redis.call(command, nameOf(id, key), ...args);
  }

  it('finds what only one of them has in large keys of any type', async () => {
    const id = (nth: number) =>
      `2026-01-31T12:00:00.000Z-user-00000000-0000-4000-8000-${String(nth).padStart(12, '0')}`;
    const many = Array.from({ length: 3 * limits.entriesPerPage }, (_, nth) => id(nth));
    for (const type of ['hash', 'zset', 'set', 'list']) {
      await add(live, type, type, many.slice(0, -1));
      await add(rebuilt, type, type, type === 'list' ? many.slice(0, -2) : many.slice(1));
    }
    const [first, last] = [id(0), id(many.length - 1)];
    const { found, isComplete, compared } = await compare();
    expect(found).to.deep.equal([
      `hash: none, text of ${last}`,
      `hash: text of ${first}, none`,
      `list: ${id(many.length - 2)}, none`,
      ...['set: 1, none', 'set: none, 1', 'zset: 0, none', 'zset: none, 0'],
    ]);
    expect({ isComplete, compared }).to.deep.equal({ isComplete: true, compared: 4 });
  });

  it('reads a few keys at once, and large ones page by page', async () => {
    const fields = Array.from({ length: 100 }, (_, nth) => `field-${nth}`);
    for (let nth = 0; nth < 20 * limits.keysComparedAtOnce; nth += 1)
      for (const id of [live, rebuilt]) await add(id, `small-${nth}`, 'hash', fields);
    const members = Array.from({ length: 40 * limits.entriesPerPage }, (_, nth) => `member-${nth}`);
    for (const id of [live, rebuilt]) await add(id, 'large', 'zset', members);
    let words = 0;
    const sendCommand = async (command: Command) => {
      const reply = await log.redis.sendCommand(command);
      words = Math.max(words, [reply].flat(4).length);
      return reply;
    };
    const { found, compared } = await compare(replaced(log.redis, { sendCommand }));
    expect(found).to.deep.equal([]);
    expect(compared).to.be.at.least(20 * limits.keysComparedAtOnce + 1);
    // The text with each entry.
    expect(words).to.be.below(10 * limits.keysComparedAtOnce * fields.length);
  });

  it('reads large entries a few at a time, and finds each that differs', async () => {
    const text = 'x'.repeat(limits.maxComparedBytes / 8);
    const [keys, fields] = [4, 20];
    for (let nth = 0; nth < keys; nth += 1)
      for (const [id, end] of [
        [live, 'a'],
        [rebuilt, nth === 2 ? 'b' : 'a'],
      ] as const)
        for (let field = 0; field < fields; field += 1)
          await log.redis.hset(nameOf(id, `key-${nth}`), `field-${field}`, text + end);
    let bytes = 0;
    const sendCommand = async (command: Command) => {
      const reply = await log.redis.sendCommand(command);
      bytes = Math.max(bytes, JSON.stringify(reply).length);
      return reply;
    };
    const { found, isComplete } = await compare(replaced(log.redis, { sendCommand }));
    expect(found).to.have.length(fields);
    expect(isComplete).to.equal(true);
    // One read within Redis has 16 entries.
    expect(bytes).to.be.within(text.length, limits.maxComparedBytes + 17 * text.length);
  });
});
