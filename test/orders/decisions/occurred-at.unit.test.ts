import { expect } from 'chai';
import type { OrderCommand } from '../../../src/orders/commands.js';
import { decide } from '../../../src/orders/decisions/decide.js';
import { rejectTooEarly } from '../../../src/orders/decisions/occurred-at.js';
import type { OrderEvent } from '../../../src/orders/events.js';
import { fold } from '../../../src/orders/evolve.js';
import { delivered, paid, placed, processing, recordedAll, shipped } from '../../support/given.js';

/** The reason against a command at this second; the events before it occurred one per second. */
function reasonAgainst(command: OrderCommand, second: number, events: OrderEvent[]): string | undefined {
  const order = fold(recordedAll(events));
  const decision = decide(command, order);
  if (!Array.isArray(decision)) throw new Error(`not accepted: ${JSON.stringify(decision)}`);
  const rejection = rejectTooEarly(decision, order, `2026-01-01T00:00:0${second}.000Z`);
  if (rejection) expect(rejection).to.include({ rejected: 'invalid-command', pointer: '/occurred_at' });
  return rejection?.detail;
}

describe('the time of a command', () => {
  const reason = 'r';
  const two = [processing, shipped(1), shipped(1, '2')];
  const cases: [string, OrderCommand, number, OrderEvent[], RegExp][] = [
    ['a delivery', { command: 'deliver' }, 3, [placed(), ...two], /shipped/],
    [
      'a delivery of a unit of the oldest shipment',
      { command: 'deliver', items: [{ item_id: 'a', quantity: 1 }] },
      2,
      [placed(), ...two],
      /shipped/,
    ],
    [
      'a return of a unit of the oldest shipment',
      { command: 'return', items: [{ item_id: 'a', quantity: 1 }], reason },
      2,
      [placed(), ...two, delivered],
      /shipped/,
    ],
    [
      'a return of a unit that was delivered and one in transit',
      { command: 'return', reason },
      4,
      [placed(), processing, shipped(1), delivered, shipped(1, '2')],
      /shipped/,
    ],
    ['a delivery of one shipment', { command: 'deliver', shipmentId: '1' }, 2, [placed(), ...two], /shipped/],
    ['a return of delivered units', { command: 'return', reason }, 3, [placed(), ...two, delivered], /shipped/],
    ['a return from transit', { command: 'return', reason, from: 'transit' }, 3, [placed(), ...two], /shipped/],
    ['a refund', { command: 'refund', reason }, 1, [placed(), paid(500), paid(100)], /payment/],
    ['a correction', { command: 'track', shipmentId: '2', carrier: 'DHL' }, 3, [placed(), ...two], /shipped/],
  ];
  for (const [what, command, second, events, why] of cases) {
    it(`${what} may have the time of what it depends on, but no earlier one`, () => {
      expect(reasonAgainst(command, second, events)).to.equal(undefined);
      expect(reasonAgainst(command, second - 1, events)).to.match(why);
    });
  }

  it('the shipment that was shipped last counts, also if its number is not the highest', () => {
    const order = fold(recordedAll([placed(), ...two]));
    const [first, second] = order?.shipments ?? [];
    if (!order || !first || !second) throw new Error('there are two shipments');
    const [early, late] = ['2026-01-01T00:00:02.000Z', '2026-01-01T00:00:05.000Z'];
    const shipments = [
      { ...first, shippedAt: late },
      { ...second, shippedAt: early },
    ];
    const event: OrderEvent = { type: 'OrderDelivered', data: { items: null, shipment_id: null } };
    const reasonAt = (at: string) => rejectTooEarly([event], { ...order, shipments }, at)?.detail;
    expect(reasonAt('2026-01-01T00:00:04.999Z')).to.match(/shipped, 2026-01-01T00:00:05\.000Z$/);
    expect(reasonAt(late)).to.equal(undefined);
  });

  it('a refund may not be earlier than its order, even if the first payment is', () => {
    const order = fold(recordedAll([placed(), paid(500)]));
    if (!order) throw new Error('no event leads to an order');
    const event: OrderEvent = { type: 'OrderRefunded', data: { amount_minor: 1, credited_minor: 1, reason } };
    const prepaid = { ...order, firstPaidAt: '2025-12-30T00:00:00.000Z' };
    expect(rejectTooEarly([event], prepaid, '2025-12-31T00:00:00.000Z')?.detail).to.match(/the order was placed/);
    expect(rejectTooEarly([event], prepaid, '2026-01-01T00:00:00.000Z')).to.equal(undefined);
  });

  it('an order may be placed at any time', () =>
    expect(rejectTooEarly([placed()], undefined, '1970-01-01T00:00:00.000Z')).to.equal(undefined));

  it('no command may be earlier than the placing of its order', () => {
    const note: OrderEvent = { type: 'OrderNoteAdded', data: { text: 'n' } };
    const order = fold(recordedAll([placed()]));
    expect(rejectTooEarly([note], order, '2025-12-31T23:59:59.999Z')?.detail).to.match(/placed, 2026-01-01T/);
    expect(rejectTooEarly([note], order, '2026-01-01T00:00:00.000Z')).to.equal(undefined);
  });
});
