import { expect } from 'chai';
import { closes } from '../../../src/orders/decisions/closing.js';
import { decide } from '../../../src/orders/decisions/decide.js';
import type { OrderEvent } from '../../../src/orders/events.js';
import { fold } from '../../../src/orders/evolve.js';
import { orderLimits } from '../../../src/orders/limits.js';
import {
  cancelled,
  credited,
  delivered,
  given,
  held,
  paid,
  placed,
  processing,
  recordedAll,
  refunded,
  returned,
  shipped,
} from '../../support/given.js';

const oneUnit = [{ line_id: '1', item_id: 'a', quantity: 1 }];
const shipAgain = (quantity: number): OrderEvent => {
  const data = { items: [{ line_id: '1', item_id: 'a', quantity }], shipment_id: null, reason: 'r' };
  return { type: 'OrderReturned', data: { ...data, ship_again: true } };
};

describe('the events that close an order', () => {
  const both = [processing, shipped(2), delivered];
  const cases: [event: string, before: OrderEvent[], event: OrderEvent, closes: boolean][] = [
    ['a cancellation of all that is left', [], cancelled(), true],
    [
      'a cancellation of some units',
      [],
      { type: 'OrderCancelled', data: { items: oneUnit, amount_minor: 0, reason: 'r' } },
      false,
    ],
    ['a delivery of everything in transit', [processing, shipped(2)], delivered, true],
    [
      'a delivery of some units',
      [processing, shipped(2)],
      { type: 'OrderDelivered', data: { items: oneUnit, shipment_id: null } },
      false,
    ],
    ['a return of all units', both, returned(2), true],
    ['a return of some units', both, returned(1), false],
    ['a return of the last units', [...both, returned(1)], returned(1), true],
    ['a return of units that are to be shipped again', both, shipAgain(2), false],
    ['a payment of the whole balance', [paid(500)], paid(1500), true],
    ['a payment of a part of the balance', [paid(500)], paid(1499), false],
    ['a payment above the balance', [paid(500)], paid(2000), false],
    ['a credit of the whole balance', [paid(500)], credited(1500), true],
    ['a credit of a part of the balance', [paid(500)], credited(500), false],
    ['a refund of the whole surplus', [paid(2500)], refunded(500, 0), true],
    ['a refund of a part of the surplus', [paid(2500)], refunded(499, 0), false],
    ['a refund above the surplus', [paid(2500)], refunded(2500, 2000), false],
    ['a hold', [], held, false],
    ['a note', [], { type: 'OrderNoteAdded', data: { text: 'n' } }, false],
    ['the start of processing', [], processing, false],
  ];
  for (const [what, before, event, expected] of cases) {
    it(`${what} ${expected ? 'closes the order' : 'does not close the order'}`, () => {
      const order = fold(recordedAll([placed(), ...before]));
      expect(order && closes(event, order)).to.equal(expected);
    });
  }

  const { maxEventsPerOrder, reservedEvents } = orderLimits;
  const nearlyFull = (...events: OrderEvent[]) => {
    const order = fold(recordedAll([placed(), ...events]));
    return order && { ...order, version: maxEventsPerOrder - reservedEvents };
  };

  it('a repeated payment is a repetition also if only reserved events are left', () => {
    const order = nearlyFull(paid(500, 'card-1'));
    expect(decide({ command: 'pay', amount: 5, paymentReference: 'card-1' }, order)).to.deep.equal({ repeats: 2 });
  });

  it('a rejection for want of events says how many there are, and how to close the order', () => {
    const decision = decide({ command: 'pay', amount: 1 }, nearlyFull());
    if (!('rejected' in decision)) throw new Error('the payment was accepted');
    expect(decision.rejected).to.equal('order-history-full');
    expect(decision.detail).to.match(
      /^The order has 9990 events\. The last 10 of the 10000 events .*: cancel, deliver/,
    );
  });

  it('an order with events left for other commands takes a partial payment', () =>
    given(placed()).when({ command: 'pay', amount: 1 }).thenEvents(paid(100)));
});
