import { expect } from 'chai';
import { orderLookupProjection } from '../../src/projections/order-lookup.js';
import { orderLookupKeys, type TextKind, textHash, textKinds, textPrefix } from '../../src/read-models/order-lookup.js';
import { placedMember } from '../../src/read-models/order-status.js';
import { orderId } from '../support/given.js';
import { type Given, KeysInMemory, plainKeys, projectedEvents, step } from '../support/projected-steps.js';

const key = orderLookupKeys(plainKeys);
const member = placedMember('2026-01-01T00:00:00.000Z', orderId);

const placed = (reference?: string): Given => [
  'OrderPlaced',
  {
    ...{ user_id: 'u', currency: 'USD', total_minor: 1, metadata: {} },
    items: [{ item_id: 'a', quantity: 9, unit_price_minor: null }],
    ...(reference !== undefined && { reference }),
  },
];
const amended = (reference?: string): Given => ['OrderAmended', { reason: null, ...(reference && { reference }) }];
const paid = (reference: string | null): Given => ['OrderPaid', { amount_minor: 1, payment_reference: reference }];
const shipped = (tracking: string | null): Given => [
  'OrderShipped',
  { items: [{ item_id: 'a', quantity: 1 }], carrier: null, tracking_number: tracking, shipment_id: null },
];
const tracked = (shipment: string, tracking: string | null): Given => [
  'OrderShipmentTracked',
  { shipment_id: shipment, carrier: 'c', tracking_number: tracking },
];
const note: Given = ['OrderNoteAdded', { text: 'n' }];
const erased: Given = ['OrderPersonErased', {}];

/** The texts that find the order, such as "r #1". */
function found(keys: KeysInMemory, texts: readonly string[]): string[] {
  return (Object.keys(textKinds) as TextKind[]).flatMap((kind) =>
    texts
      .filter((text) => keys.sets.get(key.texts(text))?.has(textPrefix(text, kind) + member))
      .map((text) => `${textKinds[kind]} ${text}`),
  );
}

/** The number of members of all sets. */
const members = (keys: KeysInMemory) => [...keys.sets.values()].reduce((sum, { size }) => sum + size, 0);

/** All steps: [its events, the texts that find the order after it]. */
const lives: Record<string, [events: Given[], found: string[]][]> = {
  'its reference, until that is amended': [
    [[placed('#1')], ['r #1']],
    [[amended()], ['r #1']],
    [[amended('#2')], ['r #2']],
    [[amended('#3'), amended('#4')], ['r #4']],
  ],
  'the reference of each payment': [
    [[placed(), paid('p1')], ['p p1']],
    [
      [paid(null), paid('p2'), paid('p1')],
      ['p p1', 'p p2'],
    ],
    [[paid('p1')], ['p p1', 'p p2']],
  ],
  'the tracking number of each shipment, until that is corrected': [
    [
      [placed(), shipped('t1'), shipped(null), shipped('t3')],
      ['t t1', 't t3'],
    ],
    [[tracked('2', 't2')], ['t t1', 't t2', 't t3']],
    [
      [tracked('1', null), tracked('3', 't4')],
      ['t t1', 't t2', 't t4'],
    ],
    [[shipped('t5')], ['t t1', 't t2', 't t4', 't t5']],
    [[tracked('4', 't1')], ['t t1', 't t2', 't t4']],
    [[tracked('1', 't6')], ['t t1', 't t2', 't t4', 't t6']],
  ],
  'each of several payments, until its person is forgotten': [
    [
      [placed(), paid('p1'), paid('p2')],
      ['p p1', 'p p2'],
    ],
    [[shipped('t1')], ['p p1', 'p p2', 't t1']],
    [[erased], []],
  ],
  'one text of several kinds': [
    [
      [placed('p1'), paid('p1'), shipped('p1')],
      ['r p1', 'p p1', 't p1'],
    ],
    [[amended('p2')], ['r p2', 'p p1', 't p1']],
  ],
  'no text once its person is forgotten': [
    [
      [placed('#1'), paid('p1'), shipped('t1')],
      ['r #1', 'p p1', 't t1'],
    ],
    [[erased], []],
    [[paid('p2'), shipped('t2'), tracked('1', 't3'), amended('#2')], []],
  ],
};
const texts = ['#1', '#2', '#3', '#4', 'p1', 'p2', 't1', 't2', 't3', 't4', 't5', 't6'];

describe('order-lookup', () => {
  for (const [title, steps] of Object.entries(lives)) {
    for (const keepsState of [true, false]) {
      it(`finds an order by ${title}: with ${keepsState ? 'the state of the step before' : 'its entry'}`, async () => {
        const events = await projectedEvents(steps.flatMap(([given]) => given));
        const keys = new KeysInMemory();
        let last: Awaited<ReturnType<typeof orderLookupProjection.load>> | undefined;
        for (const [given, expected] of steps) {
          const state = await step(orderLookupProjection, keys, events.splice(0, given.length), last);
          if (keepsState) last = state;
          expect(found(keys, texts)).to.deep.equal(expected);
          const distinct = new Set(expected);
          expect(members(keys)).to.equal(distinct.size);
        }
      });
    }
  }

  it('writes nothing if an event has no text, and of the index only what changes', async () => {
    const events = await projectedEvents([placed('#1'), note, amended('#1'), amended('#2'), paid('p1')]);
    const keys = new KeysInMemory();
    const commands = [];
    for (const event of events) {
      const state = await orderLookupProjection.load([event], plainKeys, keys.read);
      const writes = orderLookupProjection.project([event], plainKeys, state);
      await keys.apply(writes);
      commands.push(writes.filter(([name]) => name !== 'HSET').map(([name, set]) => [name, set]));
      if (event.event.type === 'OrderNoteAdded') expect(writes).to.deep.equal([]);
    }
    expect(commands).to.deep.equal([
      [['ZADD', key.texts('#1')]],
      [],
      [],
      [
        ['ZREM', key.texts('#1')],
        ['ZADD', key.texts('#2')],
      ],
      [['ZADD', key.texts('p1')]],
    ]);
  });

  it('takes several orders out of one set in one step', async () => {
    const other = '018f0000-0000-7000-8000-000000000002';
    const [type, data] = placed('#1');
    const [, change] = amended('#2');
    const given: Given[] = [[type, data], [type, data, other], amended('#2'), ['OrderAmended', change, other]];
    const events = await projectedEvents(given);
    const keys = new KeysInMemory();
    await step(orderLookupProjection, keys, events.slice(0, 2));
    await step(orderLookupProjection, keys, events.slice(2));
    expect([key.texts('#1'), key.texts('#2')].map((set) => keys.sets.get(set)?.size)).to.deep.equal([undefined, 2]);
  });

  it('keeps the entry of an order short: its time, its shipments, and its texts', async () => {
    const entries = async (...given: Given[]) => {
      const keys = new KeysInMemory();
      await step(orderLookupProjection, keys, await projectedEvents(given));
      return [...(keys.hashes.get(key.order(orderId)[0])?.values() ?? [])];
    };
    const time = member.slice(0, 8);
    const [r, p, t] = ['#1', 'p1', 't1'].map(textHash);
    expect(await entries(placed())).to.deep.equal([`${time}0`]);
    expect(await entries(placed('#1'), paid('p1'), shipped(null), shipped('t1'))).to.deep.equal([
      `${time}2 r${r} p${p} t${t}2`,
    ]);
    expect(await entries(placed('#1'), shipped(null), erased)).to.deep.equal([`${time}1!`]);
  });

  it('fails on an order whose entry is missing or damaged, or that begins with another event', async () => {
    const [first, second] = await projectedEvents([placed(), paid('p1')]);
    if (!first || !second) throw new Error('no events');
    const keys = new KeysInMemory();
    const load = () => orderLookupProjection.load([second], plainKeys, keys.read);
    expect(await load().catch(String)).to.equal(`Error: order ${orderId} has later events but no entry`);
    const [hash, field] = key.order(orderId);
    for (const text of ['', '1234567', '12345678x', '12345678x!', '12345678-x rABC', ' 12345678']) {
      await keys.apply([['HSET', hash, field, text]]);
      expect(await load().catch(String)).to.equal(`Error: "${text}" is no encoded entry of order-lookup`);
    }
    const early = { ...second, event: { ...second.event, version: 1 } };
    expect(() => orderLookupProjection.project([early], plainKeys, new Map())).to.throw(
      `order ${orderId}: OrderPaid before OrderPlaced`,
    );
  });
});
