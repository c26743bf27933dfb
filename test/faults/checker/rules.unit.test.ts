import { expect } from 'chai';
import { recipes } from '../../support/orders-page.js';
import { toMinor } from './amounts.js';
import type { CommandBody } from './commands.js';
import { fold } from './fold.js';
import { decide } from './rules.js';
import { balance, type OrderState, paymentStatusOf, statusOf } from './state.js';

function apply(state: OrderState | undefined, command: string, body: CommandBody): OrderState {
  const decision = decide(state, command, body);
  if (decision.outcome !== 'event') throw new Error(`${command} is ${decision.outcome}`);
  const { type, data } = decision;
  const at = '2026-01-01T00:00:00.000Z';
  return fold(state, { orderId: 'o', version: (state?.version ?? 0) + 1, type, data, occurredAt: at, recordedAt: at });
}

describe('the rules of the checker', () => {
  it('lead through every recipe of docs/orders.md', () => {
    expect(recipes()).to.have.property('size', 10);
    for (const [title, steps] of recipes()) {
      expect(steps, title).to.have.length.greaterThan(2);
      let state: OrderState | undefined;
      for (const { command, body, after } of steps) {
        state = apply(state, command, body);
        const [status = '', payment = '', due = ''] = after.split(', ');
        const expected = [title, command, status, payment, toMinor(due, 'USD')];
        expect([title, command, statusOf(state), paymentStatusOf(state), balance(state)]).to.deep.equal(expected);
      }
    }
  });

  it('reject what the order does not allow', () => {
    const place = { user_id: 'u', items: [{ item_id: 'a', quantity: 2, unit_price: 10 }] };
    const pending = apply(undefined, 'place', place);
    const outcomes = (state: OrderState, ...commands: [string, CommandBody][]) =>
      commands.map(([command, body]) => decide(state, command, body).outcome);
    expect(
      outcomes(
        pending,
        ['ship', {}],
        ['deliver', {}],
        ['refund', { reason: 'r' }],
        ['release', { reason: 'r' }],
        ['pay', { amount: 21 }],
        ['cancel', { items: [{ item_id: 'a', quantity: 3 }], reason: 'r' }],
        ['return', { reason: 'r' }],
        ['track', { shipment_id: '1', carrier: 'c' }],
        ['credit', { amount: 21, reason: 'r' }],
        ['place', place],
        ['amend', { total_amount: 5, reason: 'r' }],
      ),
    ).to.deep.equal(Array(11).fill('rejected'));
    const held = apply(pending, 'hold', { reason: 'r' });
    expect(outcomes(held, ['process', {}], ['hold', { reason: 'r' }])).to.deep.equal(['rejected', 'rejected']);
  });
});
