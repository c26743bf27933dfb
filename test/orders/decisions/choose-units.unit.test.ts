import { expect } from 'chai';
import fc from 'fast-check';
import type { UnitsInput } from '../../../src/orders/commands.js';
import { areAll, type Choice, chooseUnits, priceOfUnits } from '../../../src/orders/decisions/choose-units.js';
import { orderedLines } from '../../../src/orders/lines.js';
import type { OrderItem } from '../../../src/orders/order.js';

interface Source {
  readonly line_id: string;
  readonly item_id: string;
  /** How many units each of the two sources has. */
  readonly first: number;
  readonly second: number;
}

function choose(sources: readonly Source[], given: readonly UnitsInput[] | undefined): Choice {
  const items = orderedLines(
    sources.map(({ line_id, item_id }) => ({ line_id, item_id, quantity: 100, unit_price_minor: null })),
  );
  const unitsIn = (of: 'first' | 'second') => (item: OrderItem) => sources[items.indexOf(item)]?.[of] ?? 0;
  return chooseUnits(items, given, unitsIn('first'), unitsIn('second'));
}

/** The chosen units, as "line: units of the first source + units of the second". */
function shown(choice: Choice): readonly string[] | string {
  if ('missing' in choice) return choice.missing;
  return choice.chosen.map(({ item, fromFirst, fromSecond }) => `${item.lineId}: ${fromFirst} + ${fromSecond}`);
}

const sources: readonly Source[] = [
  { line_id: 'l1', item_id: 'a', first: 1, second: 2 },
  { line_id: 'l2', item_id: 'b', first: 3, second: 0 },
  { line_id: 'l3', item_id: 'a', first: 2, second: 1 },
  { line_id: 'l4', item_id: 'c', first: 0, second: 0 },
];

describe('choosing units', () => {
  const cases: [promise: string, given: UnitsInput[] | undefined, expected: readonly string[] | string][] = [
    ['without entries, all units of both sources are chosen', undefined, ['l1: 1 + 2', 'l2: 3 + 0', 'l3: 2 + 1']],
    [
      'the first source of all lines is taken before the second of any',
      [{ item_id: 'a', quantity: 4 }],
      ['l1: 1 + 1', 'l3: 2 + 0'],
    ],
    ['all units of an item can be taken', [{ item_id: 'a', quantity: 6 }], ['l1: 1 + 2', 'l3: 2 + 1']],
    [
      'a later entry takes what an earlier one of the same item leaves',
      [
        { item_id: 'a', quantity: 2 },
        { item_id: 'a', quantity: 3 },
      ],
      ['l1: 1 + 2', 'l3: 2 + 0'],
    ],
    [
      'a later entry cannot take units of the second source twice',
      [
        { line_id: 'l1', quantity: 2 },
        { line_id: 'l1', quantity: 2 },
      ],
      'Line "l1" has 1 unit left',
    ],
    [
      'an entry that names its line comes before one that names only the item',
      [
        { item_id: 'a', quantity: 3 },
        { line_id: 'l1', quantity: 3 },
      ],
      ['l1: 1 + 2', 'l3: 2 + 1'],
    ],
    [
      'what is chosen comes in the order of the lines',
      [
        { line_id: 'l3', quantity: 1 },
        { line_id: 'l2', quantity: 1 },
      ],
      ['l2: 1 + 0', 'l3: 1 + 0'],
    ],
    ['a rejection counts the units of both sources', [{ item_id: 'a', quantity: 7 }], 'Item "a" has 6 units left'],
    ['a rejection counts the units of a line', [{ line_id: 'l2', quantity: 4 }], 'Line "l2" has 3 units left'],
    ['a line without units has none', [{ line_id: 'l4', quantity: 1 }], 'Line "l4" has 0 units left'],
    ['an unknown item has no units', [{ item_id: 'z', quantity: 1 }], 'Item "z" has 0 units left'],
    ['an unknown line has no units', [{ line_id: 'z', quantity: 1 }], 'Line "z" has 0 units left'],
    [
      'a line of another item has no units',
      [{ line_id: 'l1', item_id: 'b', quantity: 1 }],
      'Line "l1" has 0 units left',
    ],
    ['a line may be named with its item', [{ line_id: 'l3', item_id: 'a', quantity: 1 }], ['l3: 1 + 0']],
  ];
  // Commands with many entries find their lines in another way.
  const others: Source[] = Array.from({ length: 20 }, (_, nth) => {
    return { line_id: `other-${nth}`, item_id: `item-${nth}`, first: 1, second: 0 };
  });
  const otherEntries = others.map(({ item_id }) => ({ item_id, quantity: 1 }));
  for (const [promise, given, expected] of cases) {
    it(promise, () => {
      expect(shown(choose(sources, given))).to.deep.equal(expected);
    });
    if (!given) continue;
    it(`${promise}, also in a command with many entries`, () => {
      const withOthers = [...otherEntries, ...given];
      const all = others.map(({ line_id }) => `${line_id}: 1 + 0`);
      const expectedAll = typeof expected === 'string' ? expected : [...expected, ...all];
      expect(shown(choose([...sources, ...others], withOthers))).to.deep.equal(expectedAll);
    });
  }

  it('every entry gets its units and no line gives more than it has, or an entry is too large', () => {
    const ids = fc.constantFrom('a', 'b', 'c');
    const count = fc.nat(3);
    const anySources = fc
      .array(fc.record({ item_id: ids, first: count, second: count }), { minLength: 1, maxLength: 6 })
      .map((all): Source[] => all.map((one, nth) => ({ ...one, line_id: `l${nth}` })));
    const anyGiven = fc.array(fc.record({ item_id: ids, quantity: fc.integer({ min: 1, max: 4 }) }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(anySources, anyGiven, (all, given) => {
        const choice = choose(all, given);
        const wanted = (id: string) => given.reduce((sum, one) => sum + (one.item_id === id ? one.quantity : 0), 0);
        const present = (id: string) =>
          all.reduce((sum, one) => sum + (one.item_id === id ? one.first + one.second : 0), 0);
        const fits = ['a', 'b', 'c'].every((id) => wanted(id) <= present(id));
        expect('chosen' in choice).to.equal(fits);
        if ('missing' in choice) return;
        for (const id of ['a', 'b', 'c']) {
          const ofItem = choice.chosen.filter(({ item }) => item.itemId === id);
          expect(ofItem.reduce((sum, one) => sum + one.fromFirst + one.fromSecond, 0)).to.equal(wanted(id));
          const fromSecond = ofItem.reduce((sum, one) => sum + one.fromSecond, 0);
          const first = all.reduce((sum, one) => sum + (one.item_id === id ? one.first : 0), 0);
          expect(fromSecond, 'the first source is used up before').to.equal(Math.max(0, wanted(id) - first));
        }
        for (const { item, fromFirst, fromSecond } of choice.chosen) {
          const source = all.find(({ line_id }) => line_id === item.lineId);
          expect(fromFirst).to.be.within(0, source?.first ?? 0);
          expect(fromSecond).to.be.within(0, source?.second ?? 0);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('chosen units', () => {
  const items = orderedLines([
    { item_id: 'a', quantity: 8, unit_price_minor: 150 },
    { item_id: 'b', quantity: 8, unit_price_minor: null, unit_price_micro: 125_000 },
    { item_id: 'c', quantity: 8, unit_price_minor: null },
    { item_id: 'd', quantity: 8, unit_price_minor: 0 },
  ]);
  const chosen = (...given: UnitsInput[]) => {
    const choice = chooseUnits(items, given, ({ quantity }) => quantity);
    return 'missing' in choice ? [] : choice.chosen;
  };

  it('have the exact sum of their prices', () => {
    const units = chosen({ item_id: 'a', quantity: 3 }, { item_id: 'b', quantity: 4 }, { item_id: 'd', quantity: 1 });
    expect(priceOfUnits(units, 2)).to.equal(500n);
  });
  it('have no price if it is not whole in minor units', () =>
    expect(priceOfUnits(chosen({ item_id: 'a', quantity: 1 }, { item_id: 'b', quantity: 1 }), 2)).to.equal(undefined));
  it('have no price if one of their lines has none', () =>
    expect(priceOfUnits(chosen({ item_id: 'a', quantity: 1 }, { item_id: 'c', quantity: 1 }), 2)).to.equal(undefined));
  it('are all that are left only if no unit is missing', () => {
    const left = ({ itemId }: OrderItem) => (itemId === 'a' || itemId === 'b' ? 2 : 0);
    const both = chosen({ item_id: 'a', quantity: 2 }, { item_id: 'b', quantity: 2 });
    expect(areAll(both, items, left)).to.equal(true);
    expect(areAll(both.slice(1), items, left)).to.equal(false);
    expect(areAll(chosen({ item_id: 'a', quantity: 1 }, { item_id: 'b', quantity: 2 }), items, left)).to.equal(false);
  });
});
