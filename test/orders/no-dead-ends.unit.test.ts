import { expect } from 'chai';
import { decide } from '../../src/orders/decisions/decide.js';
import { orderLimits } from '../../src/orders/limits.js';
import type { Order } from '../../src/orders/order.js';
import { type Bounds, type Explored, explore, smallOrder, triedCommands } from '../support/explore-orders.js';

describe('the life of an order', () => {
  // All states of an order of one unit, and the nearest ones of an order of two.
  const explorations: [Order, Bounds][] = [
    [smallOrder(1), { maxStates: 10_000, maxPaidMinor: 3 }],
    [smallOrder(2), { maxStates: 1_000 }],
  ];
  let found: Explored[] = [];
  before(() => {
    found = explorations.map(([order, bounds]) => explore([order], bounds));
  });

  it('has no dead ends: from every reachable state a closed order with balance 0 is reachable', () => {
    expect(found.map(({ isComplete }) => isComplete)).to.deep.equal([true, false]);
    expect(found[0]?.states).to.be.greaterThan(3_000);
    for (const { deadEnds } of found) expect(deadEnds).to.deep.equal([]);
  });

  it('accepts a command with some arguments exactly if it lists the command as allowed', () => {
    for (const { contradictions } of found) expect(contradictions).to.deep.equal([]);
  });

  const full = (order: Order, left: number): Order => ({ ...order, version: orderLimits.maxEventsPerOrder - left });

  it('keeps the last ten events for commands that close the order', () => {
    const order = full(smallOrder(2), orderLimits.reservedEvents);
    const accepted = triedCommands.filter((command) => !('rejected' in decide(command, order)));
    expect(accepted.map((command) => JSON.stringify(command))).to.deep.equal([
      '{"command":"cancel","reason":"r"}',
      '{"command":"pay"}',
      '{"command":"credit","reason":"r"}',
    ]);
    expect(decide({ command: 'note', text: 'n' }, order)).to.have.property('rejected', 'order-history-full');
    expect(decide({ command: 'note', text: 'n' }, full(order, 11))).not.to.have.property('rejected');
  });

  it('accepts no command on an order with the last of its events', () => {
    for (const command of triedCommands) {
      expect(decide(command, full(smallOrder(1), 0))).to.have.property('rejected', 'order-history-full');
    }
  });
});
