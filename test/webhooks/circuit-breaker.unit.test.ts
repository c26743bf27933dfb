import { expect } from 'chai';
import { FailingOrders } from '../../src/webhooks/circuit-breaker.js';
import { webhookLimits as limits } from '../../src/webhooks/limits.js';

/** Counts one failed attempt for each order. @returns what add() returned. */
const fail = (failing: FailingOrders, orders: readonly number[]) =>
  orders.map((order) => failing.add('webhook', `order ${order}`));

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, nth) => from + nth);

describe('FailingOrders', () => {
  it('the breaker of a webhook opens when attempts for enough different orders have failed', () => {
    const failing = new FailingOrders();
    expect(fail(failing, [1, 1, 1, 1, 1, 1, 1, 1]), 'one order').not.to.include(true);
    expect(fail(failing, numbers(2, limits.breakerFailingOrders - 1)).lastIndexOf(true)).to.equal(
      limits.breakerFailingOrders - 2,
    );
  });

  it('attempts that were in flight when the breaker opened do not open it again', () => {
    const failing = new FailingOrders();
    fail(failing, numbers(1, limits.breakerFailingOrders));
    const inFlight = limits.maxInFlightPerWebhook - limits.breakerFailingOrders;
    expect(fail(failing, numbers(100, inFlight))).not.to.include(true);
  });

  it('a success starts the count from zero', () => {
    const failing = new FailingOrders();
    fail(failing, numbers(1, limits.breakerFailingOrders - 1));
    failing.clear('webhook');
    expect(fail(failing, numbers(100, limits.breakerFailingOrders - 1))).not.to.include(true);
  });
});
