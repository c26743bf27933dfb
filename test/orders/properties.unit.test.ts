import { expect } from 'chai';
import fc from 'fast-check';
import { allowedCommands } from '../../src/orders/decisions/allowed-commands.js';
import { decide } from '../../src/orders/decisions/decide.js';
import type { RecordedEvent } from '../../src/orders/events.js';
import { evolve, fold } from '../../src/orders/evolve.js';
import type { Order } from '../../src/orders/order.js';
import { orderDocument, orderJson } from '../../src/orders/order-document.js';
import { paymentStatus, worthMinor } from '../../src/orders/totals.js';
import { decodeOrder, encodeDetails, encodeHead, encodeOrder } from '../../src/read-models/encoding/encoded-order.js';
import { anyCommand } from '../support/any-command.js';
import { orderId } from '../support/given.js';

function consistent(order: Order): void {
  const units = { ordered: 0, cancelled: 0, shipped: 0, inTransit: 0, delivered: 0, returned: 0 };
  for (const item of order.items) {
    const { quantity, cancelled, shipped, inTransit, delivered, returned } = item;
    for (const count of [cancelled, shipped, inTransit, delivered, returned]) expect(count).to.be.at.least(0);
    expect(cancelled + shipped, 'cancelled + shipped ≤ ordered').to.be.at.most(quantity);
    expect(inTransit + returned, 'in transit + returned ≤ shipped').to.be.at.most(shipped);
    expect(inTransit + delivered, 'in transit + delivered ≤ shipped').to.be.at.most(shipped);
    const ofLine = order.shipments.flatMap(({ items }) => items.filter(({ lineId }) => lineId === item.lineId));
    const sum = (field: 'inTransit' | 'withCustomer') => ofLine.reduce((total, one) => total + one[field], 0);
    expect(sum('inTransit'), 'in transit, by shipment').to.equal(inTransit);
    expect(sum('withCustomer'), 'with the customer, by shipment').to.equal(shipped - inTransit - returned);
    units.ordered += quantity;
    for (const field of ['cancelled', 'shipped', 'inTransit', 'delivered', 'returned'] as const)
      units[field] += item[field];
  }
  expect(order.units, 'the sums of the lines').to.deep.equal(units);
  expect(order.refundedMinor, 'refunded ≤ paid').to.be.within(0, order.paidMinor);
  expect(order.cancelledMinor).to.be.at.least(0);
  expect(order.creditedMinor).to.be.at.least(0);
  expect(order.cancelledMinor + order.creditedMinor, 'cancelled + credited ≤ total').to.be.at.most(order.totalMinor);
  if (order.status === 'cancelled') expect(worthMinor(order)).to.equal(0);
  if (order.onHold) expect(order.status).to.be.oneOf(['pending', 'processing', 'partially_shipped']);
  expect(paymentStatus(order)).to.be.a('string');
}

/** Without what only decisions need: no read model keeps that. */
function asKept(order: Order): Order {
  return { ...order, firstPaidAt: null, lastPayment: null };
}

const at = (version: number) => new Date(Date.UTC(2026, 0, 1) + version).toISOString();

describe('the domain', () => {
  it('after any commands the order is consistent, rejections changed nothing, and accepted commands were allowed', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 40 }), (commands) => {
        const events: RecordedEvent[] = [];
        let order: Order | undefined;
        for (const command of commands) {
          const before = structuredClone(order);
          const allowed = order ? allowedCommands(order) : ['place'];
          const decision = decide(command, order);
          if ('rejected' in decision || 'repeats' in decision) {
            expect(order).to.deep.equal(before);
            continue;
          }
          expect(allowed, `${command.command} was accepted`).to.include(command.command);
          for (const event of decision) {
            const version = events.length + 1;
            const recorded: RecordedEvent = {
              ...event,
              orderId,
              version,
              occurredAt: at(version),
              recordedAt: at(version),
              metadata: { schema: 1, actor: 'x' },
            };
            events.push(recorded);
            order = evolve(order, recorded);
            consistent(order);
            expect(orderJson(order)).to.equal(JSON.stringify(orderDocument(order)));
          }
        }
        expect(fold(events)).to.deep.equal(order);
        // The encoding in Redis keeps every field that later events depend on.
        if (!order) return;
        expect(decodeOrder(orderId, encodeOrder(order))).to.deep.equal(asKept(order));
        const [head, details] = [encodeHead(order, order.version), encodeDetails(order, order.version)];
        expect(decodeOrder(orderId, head, details)).to.deep.equal(asKept(order));
      }),
      { numRuns: 500 },
    );
  });
});
