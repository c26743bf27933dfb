import { expect } from 'chai';
import { allowedCommands } from '../../../src/orders/decisions/allowed-commands.js';
import type { OrderEvent } from '../../../src/orders/events.js';
import { fold } from '../../../src/orders/evolve.js';
import { orderLimits } from '../../../src/orders/limits.js';
import type { Order } from '../../../src/orders/order.js';
import {
  cancelled,
  credited,
  delivered,
  held,
  paid,
  placed,
  processing,
  recordedAll,
  refunded,
  returned,
  shipped,
} from '../../support/given.js';

const { maxAmountMinor, maxEventsPerOrder, maxShippedItems, reservedEvents } = orderLimits;

/** An order of 20.00 USD with two units of one item, after more events. */
function orderAfter(...events: OrderEvent[]): Order {
  const order = fold(recordedAll([placed(), ...events]));
  if (!order) throw new Error('no event leads to an order');
  return order;
}

/** The allowed commands, in the order in which clients see them. */
function allowed(order: Order): string {
  return allowedCommands(order).join(' ');
}

function withEventsLeft(order: Order, left: number): Order {
  return { ...order, version: maxEventsPerOrder - left };
}

describe('the commands that an order allows', () => {
  const states: [state: string, events: OrderEvent[], allowed: string][] = [
    ['a pending order', [], 'amend pay process cancel credit hold note'],
    ['a pending order on hold', [held], 'amend pay cancel credit release note'],
    ['a paid order', [paid(2000)], 'amend pay process cancel refund hold note'],
    ['an order whose money was given back', [paid(2000), refunded(2000)], 'amend pay process cancel hold note'],
    ['a credited order', [credited(2000)], 'amend pay process cancel hold note'],
    ['an order in processing', [processing], 'amend pay ship cancel credit hold note'],
    ['an order in processing on hold', [processing, held], 'amend pay cancel credit release note'],
    [
      'a partially shipped order',
      [processing, shipped(1)],
      'amend pay ship track deliver cancel credit return hold note',
    ],
    [
      'a partially shipped order on hold',
      [processing, shipped(1), held],
      'amend pay track deliver cancel credit return release note',
    ],
    ['a shipped order', [paid(2000), processing, shipped(2)], 'amend pay track deliver refund return note'],
    ['a delivered order', [paid(2000), processing, shipped(2), delivered], 'amend pay track refund return note'],
    ['a returned order', [paid(2000), processing, shipped(2), returned(2, 2)], 'amend pay track refund note'],
    ['a cancelled order', [cancelled()], 'amend pay note'],
    ['a cancelled order that was paid', [paid(2000), cancelled()], 'amend pay refund note'],
    ['an order that no payment can be added to', [paid(maxAmountMinor)], 'amend process cancel refund hold note'],
  ];
  for (const [state, events, expected] of states) {
    it(`${state} allows ${expected}`, () => expect(allowed(orderAfter(...events))).to.equal(expected));
  }

  const nearlyFull: [state: string, events: OrderEvent[], allowed: string][] = [
    ['a pending order', [], 'pay cancel credit'],
    ['a pending order on hold', [held], 'pay cancel credit'],
    ['a paid order', [paid(2000)], 'cancel'],
    ['an order that was paid too much', [paid(2001)], 'cancel refund'],
    ['a partially shipped order', [processing, shipped(1)], 'pay deliver cancel credit return'],
    ['a shipped order that was paid', [paid(2000), processing, shipped(2)], 'deliver return'],
    ['a delivered order that was paid', [paid(2000), processing, shipped(2), delivered], 'return'],
    ['a returned order that was paid', [paid(2000), processing, shipped(2), returned(2, 2)], ''],
    ['a cancelled order', [cancelled()], ''],
    ['a cancelled order that was paid', [paid(2000), cancelled()], 'refund'],
  ];
  for (const [state, events, expected] of nearlyFull) {
    it(`with only the reserved events left, ${state} allows only what closes it: ${expected || 'nothing'}`, () => {
      expect(allowed(withEventsLeft(orderAfter(...events), reservedEvents))).to.equal(expected);
      expect(allowed(withEventsLeft(orderAfter(...events), 1))).to.equal(expected);
    });
  }

  it('an order with one event more than the reserved ones allows as much as a new one', () =>
    expect(allowed(withEventsLeft(orderAfter(), reservedEvents + 1))).to.equal(allowed(orderAfter())));

  it('an order with the last of its events allows nothing', () =>
    expect(allowed(withEventsLeft(orderAfter(), 0))).to.equal(''));

  it('an order with all the shipped items that it may have allows no further shipment', () => {
    const order = orderAfter(processing, shipped(1));
    const [shipment] = order.shipments;
    const [item] = shipment?.items ?? [];
    if (!shipment || !item) throw new Error('there is no shipment');
    const withItems = (count: number): Order => {
      const half = { ...shipment, items: Array.from({ length: count / 2 }, () => item) };
      return { ...order, shipments: [half, half] };
    };
    expect(allowedCommands(withItems(maxShippedItems - 2))).to.include('ship');
    expect(allowedCommands(withItems(maxShippedItems))).not.to.include('ship');
  });
});
