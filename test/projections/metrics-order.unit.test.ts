import { expect } from 'chai';
import fc from 'fast-check';
import type { OrderEvent } from '../../src/orders/events.js';
import { orderStatuses } from '../../src/orders/totals.js';
import {
  counted,
  decodeCountedOrder,
  encodeCountedOrder,
  type MetricsOrder,
} from '../../src/projections/metrics-order.js';
import { recordedAll } from '../support/given.js';

const amount = fc.oneof(fc.constant(0), fc.maxSafeNat());
/** One millisecond less, because the encoding adds one. */
const duration = fc.option(fc.nat({ max: 2 ** 50 }), { nil: undefined });

const anyOrder: fc.Arbitrary<MetricsOrder> = fc.record({
  currency: fc.constantFrom('USD', 'JPY', 'KWD'),
  placedAtMs: fc.maxSafeNat(),
  shippedAfterMs: duration,
  deliveredAfterMs: duration,
  isShippingTimed: fc.boolean(),
  isDeliveryTimed: fc.boolean(),
  status: fc.constantFrom(...orderStatuses),
  units: fc.record({
    ordered: amount,
    cancelled: amount,
    shipped: amount,
    inTransit: amount,
    delivered: amount,
    returned: amount,
  }),
  totalMinor: amount,
  cancelledMinor: amount,
  creditedMinor: amount,
  creditedByRefundsMinor: amount,
  paidMinor: amount,
  refundedMinor: amount,
  isCancelledBySchema1: fc.boolean(),
});

const placed: OrderEvent = {
  type: 'OrderPlaced',
  data: {
    user_id: 'u',
    currency: 'USD',
    total_minor: 500,
    items: [{ item_id: 'a', quantity: 3, unit_price_minor: null }],
    metadata: {},
  },
};
const shipped = (quantity: number): OrderEvent => ({
  type: 'OrderShipped',
  data: { items: [{ item_id: 'a', quantity }], carrier: null, tracking_number: null, shipment_id: '1' },
});
const delivered = (quantity: number): OrderEvent => ({
  type: 'OrderDelivered',
  data: { items: [{ item_id: 'a', quantity }], shipment_id: '1' },
});
const cancelled = (quantity: number): OrderEvent => ({
  type: 'OrderCancelled',
  data: { items: [{ item_id: 'a', quantity }], amount_minor: 0, reason: 'r' },
});
const returned = (quantity: number, inTransit?: number): OrderEvent => ({
  type: 'OrderReturned',
  data: {
    items: [{ item_id: 'a', quantity, ...(inTransit && { in_transit: inTransit }) }],
    shipment_id: '1',
    reason: 'r',
  },
});
const shippedAgain = (quantity: number): OrderEvent => ({
  type: 'OrderReturned',
  data: { items: [{ item_id: 'a', quantity }], shipment_id: '1', reason: 'r', ship_again: true },
});
/** A return of schema version 1 by which all other units have arrived. */
const restArrived = (quantity: number): OrderEvent => ({
  type: 'OrderReturned',
  data: { items: [{ item_id: 'a', quantity }], shipment_id: null, reason: 'r', rest_arrived: true },
});
const note: OrderEvent = { type: 'OrderNoteAdded', data: { text: 'n' } };

/** The order after events that are one second apart. */
function orderAfter(...events: OrderEvent[]): MetricsOrder {
  const order = recordedAll([placed, ...events]).reduce<MetricsOrder | undefined>(
    (before, event) => counted(event, before),
    undefined,
  );
  return order ?? expect.fail('no order');
}

/** The times to shipping and to delivery, each with a mark if it is counted. */
function times({ shippedAfterMs, isShippingTimed, deliveredAfterMs, isDeliveryTimed }: MetricsOrder): string {
  return `${shippedAfterMs}${isShippingTimed ? '!' : ''} ${deliveredAfterMs}${isDeliveryTimed ? '!' : ''}`;
}

describe('the order that metrics keeps', () => {
  it('is decoded as it was encoded', () => {
    fc.assert(
      fc.property(anyOrder, (order) => {
        expect(decodeCountedOrder(encodeCountedOrder(order))).to.deep.equal(order);
      }),
    );
  });

  it('is stored without the zeros at its end', () => {
    expect(encodeCountedOrder(orderAfter())).to.equal('USD mjuohs00 dw 0 3');
    expect(encodeCountedOrder(orderAfter(shipped(3)))).to.equal('USD mjuohs00 dw 3 3 0 3 1 rt 0 0 3');
    expect(encodeCountedOrder({ ...orderAfter(), cancelledMinor: 1 }).split(' ')).to.have.length(18);
    const free = { ...orderAfter(), totalMinor: 0, units: { ...orderAfter().units, ordered: 0 } };
    expect(encodeCountedOrder(free)).to.equal('USD mjuohs00 0 0 0');
  });

  it('is stored with its three flags in one number', () => {
    const flags = { isShippingTimed: true, isDeliveryTimed: true, isCancelledBySchema1: true };
    expect(encodeCountedOrder({ ...orderAfter(), ...flags })).to.equal('USD mjuohs00 dw 0 3 0 0 7');
    const cancelledOnly = { ...orderAfter(), isCancelledBySchema1: true };
    expect(encodeCountedOrder(cancelledOnly)).to.equal('USD mjuohs00 dw 0 3 0 0 4');
  });

  it('counts the time to the last shipping event once all units have left', () => {
    expect(times(orderAfter(shipped(1)))).to.equal('1000 undefined');
    expect(times(orderAfter(shipped(1), note, shipped(2)))).to.equal('3000! undefined');
    expect(times(orderAfter(shipped(1), note, cancelled(2)))).to.equal('1000! undefined');
    expect(times(orderAfter(note, cancelled(3)))).to.equal('undefined undefined');
  });

  it('counts the time to the last delivery once nothing is left to ship or on its way', () => {
    expect(times(orderAfter(shipped(3), delivered(1)))).to.equal('1000! 2000');
    expect(times(orderAfter(shipped(3), delivered(1), note, delivered(2)))).to.equal('1000! 4000!');
    expect(times(orderAfter(shipped(1), delivered(1)))).to.equal('1000 2000');
    expect(times(orderAfter(shipped(1), delivered(1), cancelled(2)))).to.equal('1000! 2000!');
    expect(times(orderAfter(shipped(3), delivered(1), returned(2, 2)))).to.equal('1000! 2000!');
    expect(times(orderAfter(shipped(3), returned(3, 3)))).to.equal('1000! undefined');
  });

  it('counts no time to a delivery if there was none, or if its units have left again', () => {
    expect(times(orderAfter(shipped(3), restArrived(1)))).to.equal('1000! undefined');
    const leftAgain = [shipped(1), delivered(1), shippedAgain(1), shipped(3)];
    expect(times(orderAfter(...leftAgain, returned(3, 3)))).to.equal('4000! 2000');
    expect(times(orderAfter(...leftAgain, returned(2, 2), delivered(1)))).to.equal('4000! 6000!');
  });

  it('counts a time before that of placing as none', () => {
    const [first, second] = recordedAll([placed, shipped(3)]);
    if (!first || !second) throw new Error('no events');
    const order = counted({ ...second, occurredAt: '2025-12-31T23:59:59.000Z' }, counted(first, undefined));
    expect(times(order)).to.equal('0! undefined');
  });

  it('is changed in a copy: the state before stays as it was', () => {
    const before = orderAfter(shipped(1));
    const copy = structuredClone(before);
    const [event] = recordedAll([shipped(2)]);
    if (!event) throw new Error('no event');
    expect(counted(event, before)).not.to.deep.equal(copy);
    expect(before).to.deep.equal(copy);
  });

  it('begins with its placing: an earlier event fails by the name of the order', () => {
    const [event] = recordedAll([note]);
    if (!event) throw new Error('no event');
    expect(() => counted(event, undefined)).to.throw(`order ${event.orderId}: OrderNoteAdded before OrderPlaced`);
  });
});
