import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import type { OrderCommand } from '../../src/orders/commands.js';
import { decide } from '../../src/orders/decisions/decide.js';
import type { EventEnvelope, OrderEvent, OrderEventType } from '../../src/orders/events.js';
import { evolve, fold } from '../../src/orders/evolve.js';
import type { Order } from '../../src/orders/order.js';
import { orderDocument } from '../../src/orders/order-document.js';
import { currentSchema, upcast } from '../../src/orders/upcast.js';
import { projectPath } from '../../src/project-path.js';
import { anyCommand } from '../support/any-command.js';
import { cancelled, delivered, orderId, paid, placed, processing, recordedAll, shipped } from '../support/given.js';
import { expectedDocument, foldRows, type Row } from '../support/independent-fold.js';

const reason = 'r';
const itemId = fc.constantFrom('a', 'b');
const units = fc.array(
  fc.oneof(
    fc.record({ item_id: itemId, quantity: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ line_id: fc.constantFrom('1', '2', '3'), quantity: fc.integer({ min: 1, max: 2 }) }),
  ),
  { minLength: 1, maxLength: 2 },
);
const shipmentId = fc.constantFrom('1', '2', '3');
const from = fc.constantFrom('delivered' as const, 'transit' as const);

/** Commands that move units, mostly some of them; and now and then any other command. */
const moves: fc.Arbitrary<OrderCommand> = fc.oneof(
  fc.record({ command: fc.constant('ship' as const), items: units, trackingNumber: fc.constant('T') }),
  fc.record({ command: fc.constant('deliver' as const), items: units }),
  fc.record({ command: fc.constant('deliver' as const), shipmentId }),
  fc.record({ command: fc.constant('deliver' as const), items: units, shipmentId }),
  fc.record({ command: fc.constant('return' as const), items: units, reason: fc.constant(reason) }),
  fc.record({ command: fc.constant('return' as const), items: units, from, reason: fc.constant(reason) }),
  fc.record({ command: fc.constant('return' as const), items: units, shipmentId, reason: fc.constant(reason) }),
  fc.record({
    command: fc.constant('return' as const),
    items: units,
    from,
    shipAgain: fc.constant(true as const),
    reason: fc.constant(reason),
  }),
  fc.record({ command: fc.constant('cancel' as const), items: units, reason: fc.constant(reason) }),
  anyCommand,
);

const beginning: OrderCommand[] = [
  {
    command: 'place',
    userId: 'u',
    currency: 'USD',
    items: [
      { item_id: 'a', quantity: 4, unit_price: '2.50' },
      { item_id: 'b', quantity: 4, unit_price: '1.0025' },
      { item_id: 'a', quantity: 4, unit_price: 0 },
    ],
    adjustments: [
      { type: 'shipping', amount: 5, description: 'DHL' },
      { type: 'discount', amount: -1 },
    ],
  },
  { command: 'process' },
];

function envelope(version: number): EventEnvelope {
  const at = Date.UTC(2026, 0, 1) + version * 60_000;
  const [occurredAt, recordedAt] = [at, at + 1_000].map((ms) => new Date(ms).toISOString());
  return { orderId, version, occurredAt: occurredAt ?? '', recordedAt: recordedAt ?? '' };
}

/** The event as a row of the log. */
function rowOf(type: OrderEventType, data: object, schema: number, at: EventEnvelope): Row {
  return {
    ...{ order_id: at.orderId, version: at.version, type, data: JSON.parse(JSON.stringify(data)) },
    metadata: { schema },
    occurred_at: new Date(at.occurredAt),
    recorded_at: new Date(at.recordedAt),
  };
}

function expectSame(order: Order | undefined, rows: readonly Row[]): void {
  const folded = foldRows(rows).get(orderId);
  if (!order || !folded) throw new Error('no event leads to an order');
  expect(orderDocument(order)).to.deep.equal(expectedDocument(folded));
}

/** The units that shipments have are those that the lines count, in every place. */
function expectUnitsByShipment({ items, shipments }: Order): void {
  const content = shipments.flatMap((shipment) => shipment.items);
  for (const { lineId, shipped, inTransit, returned } of items) {
    const sum = (place: 'inTransit' | 'withCustomer') =>
      content.reduce((all, item) => all + (item.lineId === lineId ? item[place] : 0), 0);
    expect(sum('inTransit'), 'in transit').to.equal(inTransit);
    expect(sum('withCustomer'), 'with the customer').to.equal(shipped - inTransit - returned);
  }
  for (const { inTransit, items: shippedItems } of shipments) {
    expect(shippedItems.reduce((all, item) => all + item.inTransit, 0)).to.equal(inTransit);
  }
}

describe('folding the events of an order', () => {
  it('leads to the order that a fold of single units leads to, and leaves earlier versions as they were', () => {
    fc.assert(
      fc.property(fc.array(moves, { minLength: 5, maxLength: 30 }), (commands) => {
        const rows: Row[] = [];
        const versions: { readonly order: Order; readonly text: string }[] = [];
        const events: (OrderEvent & EventEnvelope)[] = [];
        let order: Order | undefined;
        for (const command of [...beginning, ...commands]) {
          const decision = decide(command, order);
          if ('rejected' in decision || 'repeats' in decision) continue;
          for (const event of decision) {
            const at = envelope(rows.length + 1);
            rows.push(rowOf(event.type, event.data, currentSchema(event.type), at));
            events.push({ ...event, ...at });
            order = evolve(order, { ...event, ...at });
            versions.push({ order, text: JSON.stringify(order) });
          }
        }
        expectSame(order, rows);
        expect(fold(events)).to.deep.equal(order);
        if (order) expectUnitsByShipment(order);
        for (const { order: earlier, text } of versions) expect(JSON.stringify(earlier)).to.equal(text);
      }),
      { numRuns: 300 },
    );
  });

  it('leads to the same also from events of schema version 1', () => {
    const streams = readFileSync(projectPath('test', 'fixtures', 'orders-of-schema-1.ndjson'), 'utf8');
    for (const line of streams.trimEnd().split('\n')) {
      const { events } = JSON.parse(line) as { events: [OrderEventType, Record<string, unknown>][] };
      const stream = events.map(([type, data], index) => ({ ...upcast(type, 1, data), ...envelope(index + 1) }));
      const rows = events.map(([type, data], index) => rowOf(type, data, 1, envelope(index + 1)));
      expectSame(fold(stream), rows);
    }
  });

  it('adds up the units of an item that an event of schema version 1 names twice', () => {
    const twice = upcast('OrderShipped', 1, {
      items: [
        { item_id: 'a', quantity: 1 },
        { item_id: 'a', quantity: 2 },
      ],
      carrier: null,
      tracking_number: null,
    });
    const order = fold(recordedAll([placed({ items: 4 }), processing, twice]));
    const [shipment] = order?.shipments ?? [];
    expect(shipment?.items).to.deep.equal([{ lineId: '1', itemId: 'a', quantity: 3, inTransit: 3, withCustomer: 0 }]);
    expect(shipment?.inTransit).to.equal(3);
    expect(order?.items[0]).to.include({ shipped: 3, inTransit: 3 });
  });

  it('of no events leads to no order, and onto an order to that order', () => {
    const order = fold(recordedAll([placed()]));
    expect(fold([])).to.equal(undefined);
    expect(fold([], order)).to.equal(order);
  });

  it('continues an order from any of its versions', () => {
    const events = recordedAll([placed(), paid(500, 'card-1'), processing, shipped(1), delivered, paid(1, 'card-2')]);
    const whole = fold(events);
    for (let version = 0; version <= events.length; version += 1) {
      expect(fold(events.slice(version), fold(events.slice(0, version)))).to.deep.equal(whole);
    }
  });

  it('keeps the payments with a reference and no others', () => {
    const order = fold(recordedAll([placed(), paid(500, 'card-1'), paid(100), paid(200, 'card-2')]));
    const first = { reference: 'card-1', amountMinor: 500, version: 2, previous: null };
    expect(order?.lastPayment).to.deep.equal({ reference: 'card-2', amountMinor: 200, version: 4, previous: first });
    expect(order?.firstPaidAt).to.equal('2026-01-01T00:00:01.000Z');
  });
});

describe('forgetting the person of an order', () => {
  const erased: OrderEvent = { type: 'OrderPersonErased', data: {} };
  const tracked = (shipment_id: string, tracking_number: string | null): OrderEvent => ({
    type: 'OrderShipped',
    data: { items: [{ line_id: '1', item_id: 'a', quantity: 1 }], carrier: 'DHL', tracking_number, shipment_id },
  });
  const { data } = placed({ items: 3 });
  const before = [
    { type: 'OrderPlaced', data: { ...data, metadata: { phone: '1' } } } satisfies OrderEvent,
    processing,
    tracked('1', 'T-1'),
    tracked('2', null),
  ];
  it('replaces the user, the metadata and the tracking numbers, and changes nothing else', () => {
    const [order, after] = [fold(recordedAll(before)), fold(recordedAll([...before, erased]))];
    if (!order || !after) throw new Error('no event leads to an order');
    const { version, updatedAt } = after;
    const [first, second] = order.shipments;
    expect(after).to.deep.equal({
      ...{ ...order, version, updatedAt, userId: '[erased]', metadata: {} },
      shipments: [{ ...first, trackingNumber: '[erased]' }, second],
    });
    expect(order.userId).to.equal('u-1');
  });
});

describe('a damaged stream of events', () => {
  const line = (line_id: string | undefined, item_id = 'a', quantity = 1) => {
    return line_id === undefined ? { item_id, quantity } : { line_id, item_id, quantity };
  };
  const moved = { shipment_id: null, reason };
  const cases: [damage: string, events: OrderEvent[], message: RegExp][] = [
    ['a first event other than OrderPlaced', [processing], /^order 018f.* does not begin with OrderPlaced$/],
    ['a second OrderPlaced', [placed(), placed()], /^order 018f.* is placed a second time$/],
    [
      'a correction of an unknown shipment',
      [
        placed(),
        processing,
        shipped(1),
        { type: 'OrderShipmentTracked', data: { shipment_id: '2', carrier: 'DHL', tracking_number: null } },
      ],
      /^order 018f.* has no shipment 2$/,
    ],
    [
      'units of an unknown line',
      [placed(), { type: 'OrderCancelled', data: { items: [line('2')], amount_minor: 0, reason } }],
      /^there is no line 2$/,
    ],
    [
      'units of an unknown item',
      [placed(), { type: 'OrderCancelled', data: { items: [line(undefined, 'z')], amount_minor: 0, reason } }],
      /^there is no line of item "z"$/,
    ],
    [
      'a delivery of more units than are in transit',
      [
        placed(),
        processing,
        shipped(1),
        { type: 'OrderDelivered', data: { items: [line('1', 'a', 2)], shipment_id: null } },
      ],
      /^line 1: 1 units are in no shipment$/,
    ],
    [
      'a return of units that are not with the customer',
      [placed(), processing, shipped(2), { type: 'OrderReturned', data: { items: [line('1', 'a', 2)], ...moved } }],
      /^line 1: 2 units are in no shipment$/,
    ],
  ];
  for (const [damage, events, message] of cases) {
    it(`is refused: ${damage}`, () => expect(() => fold(recordedAll(events))).to.throw(message));
  }
  it('is refused: a version that does not follow the one before', () => {
    const [first, second, third] = recordedAll([placed(), paid(1), cancelled()]);
    if (!first || !second || !third) throw new Error('there are three events');
    const message = /^order 018f.*: version 3 does not follow 1$/;
    expect(() => fold([first, third])).to.throw(message);
    expect(() => evolve(evolve(undefined, first), third)).to.throw(message);
    expect(() => fold([second])).to.throw(/version 2 does not follow 0/);
    expect(() => fold([first, first])).to.throw(/version 1 does not follow 1/);
  });
});
