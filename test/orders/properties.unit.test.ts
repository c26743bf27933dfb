import { expect } from 'chai';
import fc from 'fast-check';
import { allowedCommands } from '../../src/orders/decisions/allowed-commands.js';
import { decide } from '../../src/orders/decisions/decide.js';
import type { RecordedEvent } from '../../src/orders/events.js';
import { evolve, fold } from '../../src/orders/evolve.js';
import { type Order, paymentStatus } from '../../src/orders/order.js';
import { orderDocument, orderJson } from '../../src/orders/order-document.js';
import { decodeOrder, encodeOrder } from '../../src/read-models/order-status.js';
import { anyCommand } from '../support/any-command.js';
import { orderId } from '../support/given.js';

function consistent(order: Order): void {
  for (const item of order.items) {
    expect(item.shipped, 'shipped ≤ ordered').to.be.at.most(item.quantity);
    expect(item.returned, 'returned ≤ shipped').to.be.at.most(item.shipped);
    expect(item.returned).to.be.at.least(0);
  }
  expect(order.refundedMinor, 'refunded ≤ paid').to.be.at.most(order.paidMinor);
  expect(order.paidMinor, 'paid ≤ total').to.be.at.most(order.totalMinor);
  expect(order.refundedMinor).to.be.at.least(0);
  const shipped = order.items.reduce((sum, item) => sum + item.shipped, 0);
  const ordered = order.items.reduce((sum, item) => sum + item.quantity, 0);
  if (['pending', 'processing', 'cancelled'].includes(order.status)) expect(shipped, order.status).to.equal(0);
  if (['shipped', 'delivered', 'returned', 'partially_returned'].includes(order.status))
    expect(shipped, order.status).to.equal(ordered);
  if (order.onHold) expect(order.status).to.be.oneOf(['pending', 'processing', 'partially_shipped']);
  expect(paymentStatus(order)).to.be.a('string');
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
          if ('rejected' in decision) {
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
        if (order) expect(decodeOrder(orderId, encodeOrder(order))).to.deep.equal(order);
      }),
      { numRuns: 500 },
    );
  });
});
