import { expect } from 'chai';
import {
  addWantedBlock,
  expectSameOrders,
  type FiguresByCurrency,
  figuresAt,
  figureWrites,
  loadFigures,
  type WantedBlocks,
} from '../../src/projections/figure-store.js';
import type { ReadKeys } from '../../src/projections/projection.js';
import { blockMs } from '../../src/read-models/figure-fields.js';
import { decodeParts } from '../../src/read-models/figures.js';

const key = (currency: string) => `figures:${currency}`;
/** 1 January 1970, from midnight on: month 0, day 0, block 0. */
const firstFields = ['total', 'month:0', 'day:0', 'block:0'];

/** Reads these values, in the order of the commands; keeps the commands. */
function reader(...replies: (string | null)[][]) {
  const commands: unknown[] = [];
  const read = Object.assign(
    async (all: readonly unknown[]) => {
      expect(all, 'a read of nothing').not.to.deep.equal([]);
      commands.push(...all);
      return replies;
    },
    { fields: async () => [] },
  ) as ReadKeys;
  return { read, commands };
}

/** Blocks by currency: [block, whether an order of it is counted]. */
function blocks(all: Readonly<Record<string, [block: number, isCounted: boolean][]>>): WantedBlocks {
  const wanted: WantedBlocks = new Map();
  for (const [currency, ofCurrency] of Object.entries(all))
    for (const [block, isCounted] of ofCurrency) addWantedBlock(wanted, currency, block * blockMs, isCounted);
  return wanted;
}

/** Figures with some orders per field. */
function figures(all: Readonly<Record<string, Readonly<Record<string, number>>>>): FiguresByCurrency {
  return new Map(
    Object.entries(all).map(([currency, fields]) => [
      currency,
      new Map(Object.entries(fields).map(([field, orders]) => [field, decodeParts(`[0,[${orders}]]`)])),
    ]),
  );
}

const load = (wanted: WantedBlocks, read: ReadKeys, last?: FiguresByCurrency, counted = wanted) =>
  loadFigures(wanted, counted, key, read, last);

describe('the figures of a step', () => {
  it('of a block count as counted if one of its orders is', () => {
    for (const counted of [
      [true, false],
      [false, true],
    ]) {
      const wanted = blocks({ USD: counted.map((isCounted) => [3, isCounted]) });
      addWantedBlock(wanted, 'USD', 5 * blockMs - 1, false);
      expect([...(wanted.get('USD') ?? [])]).to.deep.equal([
        [3, true],
        [4, false],
      ]);
    }
  });

  it('are read in one call, with one command per currency, and each field once', async () => {
    const { read, commands } = reader(
      ['[0,[1]]', '[0,[2]]', '[0,[3]]', '[0,[4]]', '[0,[5]]'],
      ['[0,[6]]', '[0,[7]]', '[0,[8]]', '[0,[9]]'],
    );
    const found = await load(
      blocks({
        USD: [
          [0, false],
          [1, true],
        ],
        EUR: [[0, false]],
      }),
      read,
    );
    expect(commands).to.deep.equal([
      ['HMGET', 'figures:USD', ...firstFields, 'block:1'],
      ['HMGET', 'figures:EUR', ...firstFields],
    ]);
    expect(figureWrites(found, key)).to.deep.equal([
      [
        ...['HSET', 'figures:USD', 'total', '[0,[1]]', 'month:0', '[0,[2]]'],
        ...['day:0', '[0,[3]]', 'block:0', '[0,[4]]', 'block:1', '[0,[5]]'],
      ],
      ['HSET', 'figures:EUR', 'total', '[0,[6]]', 'month:0', '[0,[7]]', 'day:0', '[0,[8]]', 'block:0', '[0,[9]]'],
    ]);
  });

  it('are not read if the step before knew them, and its others are not kept', async () => {
    const last = figures({
      USD: { total: 1, 'month:0': 2, 'day:0': 3, 'block:0': 4, 'block:9': 5 },
      EUR: { total: 6 },
    });
    const none = reader();
    const known = await load(blocks({ USD: [[0, true]] }), none.read, last);
    expect(none.commands).to.deep.equal([]);
    expect([...known.keys()]).to.deep.equal(['USD']);
    expect([...(known.get('USD')?.keys() ?? [])]).to.deep.equal(firstFields);

    const some = reader(['[0,[7]]'], ['[0,[8]]', '[0,[9]]', '[0,[10]]']);
    const found = await load(blocks({ USD: [[1, true]], EUR: [[0, true]] }), some.read, last);
    expect(some.commands).to.deep.equal([
      ['HMGET', 'figures:USD', 'block:1'],
      ['HMGET', 'figures:EUR', 'month:0', 'day:0', 'block:0'],
    ]);
    expect(figureWrites(found, key)).to.deep.equal([
      ['HSET', 'figures:USD', 'total', '[0,[1]]', 'month:0', '[0,[2]]', 'day:0', '[0,[3]]', 'block:1', '[0,[7]]'],
      ['HSET', 'figures:EUR', 'total', '[0,[6]]', 'month:0', '[0,[8]]', 'day:0', '[0,[9]]', 'block:0', '[0,[10]]'],
    ]);
  });

  it('begin at zero in a block without counted orders, and are missed in one that has some', async () => {
    const halfNew = () =>
      blocks({
        USD: [
          [0, true],
          [1, false],
        ],
      });
    const stored = ['[0,[1]]', '[0,[1]]', '[0,[1]]', '[0,[1]]'];
    const found = await load(halfNew(), reader([...stored, null]).read);
    expect(figureWrites(found, key).flat().slice(-2)).to.deep.equal(['block:1', '[]']);
    for (const [lost, field] of firstFields.entries()) {
      const rest = [...stored.map((text, nth) => (nth === lost ? null : text)), null];
      const loading = load(halfNew(), reader(rest).read);
      expect(await loading.catch(String)).to.equal(`Error: the figures of USD ${field} are missing`);
    }
  });

  it('may be of a currency that no counted order has', async () => {
    const found = await load(
      blocks({ EUR: [[0, true]] }),
      reader([null, null, null, null]).read,
      undefined,
      blocks({ USD: [[0, true]] }),
    );
    expect(figureWrites(found, key)).to.deep.equal([
      ['HSET', 'figures:EUR', ...firstFields.flatMap((field) => [field, '[]'])],
    ]);
  });

  it('at a time are one part per field, and fail by name if they were not loaded', async () => {
    const quarter = blockMs + 2 * 900_000;
    const found = await load(blocks({ USD: [[1, false]] }), reader([null, null, null, null]).read);
    for (const one of figuresAt(found, 'USD', quarter + 1)) one.orders += 1;
    for (const one of figuresAt(found, 'USD', quarter + 899_999)) one.orders += 1;
    const [, , , , ...written] = figureWrites(found, key)[0] ?? [];
    expect(written).to.deep.equal(['month:0', '[1,[2]]', 'day:0', '[1,[2]]', 'block:1', '[2,[2]]']);
    expect(() => figuresAt(found, 'USD', quarter - blockMs)).to.throw('the figures of USD block:0 were not loaded');
    expect(() => figuresAt(found, 'EUR', quarter)).to.throw('the figures of EUR total were not loaded');
  });

  it('count the same orders in both series of each currency that both know', () => {
    const one = figures({ USD: { total: 3, 'day:0': 1 }, EUR: { total: 2 }, JPY: { 'day:0': 5 } });
    expectSameOrders(one, figures({ USD: { total: 3, 'day:0': 9 }, JPY: { total: 1 }, CHF: { total: 7 } }));
    expect(() => expectSameOrders(one, figures({ USD: { total: 3 }, EUR: { total: 1 } }))).to.throw(
      'the figures of EUR total are missing or damaged in one of the two series',
    );
  });
});
