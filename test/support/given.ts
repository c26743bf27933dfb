import { expect } from 'chai';
import type { OrderCommand } from '../../src/orders/commands.js';
import { decide } from '../../src/orders/decisions/decide.js';
import type { RejectionKind } from '../../src/orders/decisions/rejection.js';
import type { OrderEvent, RecordedEvent } from '../../src/orders/events.js';
import { fold } from '../../src/orders/evolve.js';
import type { Order } from '../../src/orders/order.js';

export const orderId = '018f0000-0000-7000-8000-000000000001';

/** Events with the envelope that the log would give them, from version 1. */
export function recordedAll(events: readonly OrderEvent[]): RecordedEvent[] {
  return events.map((event, index) => ({
    ...event,
    orderId,
    version: index + 1,
    occurredAt: `2026-01-01T00:00:0${index % 10}.000Z`,
    recordedAt: `2026-01-01T00:01:0${index % 10}.000Z`,
    metadata: { schema: 1, actor: 'test' },
  }));
}

/** given(events).when(command).thenEvents(…): how the tests of the domain read. */
export function given(...events: OrderEvent[]) {
  const order = fold(recordedAll(events));
  return {
    when(command: OrderCommand) {
      const decision = decide(command, order);
      return {
        thenEvents(...expected: OrderEvent[]) {
          expect(decision).to.deep.equal(expected);
        },
        thenOrder(expected: Partial<Order>) {
          if ('rejected' in decision) expect.fail(`rejected: ${decision.rejected}: ${decision.detail}`);
          const after = fold(recordedAll([...events, ...decision]));
          expect(after).to.deep.include(expected);
        },
        thenRejected(kind: RejectionKind, detail?: RegExp) {
          expect(decision).to.have.property('rejected', kind);
          if (detail && 'rejected' in decision) expect(decision.detail).to.match(detail);
        },
      };
    },
    thenOrder(expected: Partial<Order>) {
      expect(order).to.deep.include(expected);
    },
  };
}

export function placed(options: { items?: number; total?: number; currency?: string } = {}): OrderEvent {
  const { items = 2, total = 2000, currency = 'USD' } = options;
  return {
    type: 'OrderPlaced',
    data: {
      user_id: 'u-1',
      currency,
      total_minor: total,
      items: [{ item_id: 'a', quantity: items, unit_price_minor: null }],
      metadata: {},
    },
  };
}
export const processing: OrderEvent = { type: 'OrderProcessingStarted', data: {} };
export const delivered: OrderEvent = { type: 'OrderDelivered', data: {} };
export const cancelled: OrderEvent = { type: 'OrderCancelled', data: { reason: 'no stock' } };
export const held: OrderEvent = { type: 'OrderHeld', data: { reason: 'fraud check' } };
export const paid = (amount_minor: number): OrderEvent => ({
  type: 'OrderPaid',
  data: { amount_minor, payment_reference: null },
});
export const refunded = (amount_minor: number): OrderEvent => ({
  type: 'OrderRefunded',
  data: { amount_minor, reason: 'broken' },
});
export const shipped = (quantity: number): OrderEvent => ({
  type: 'OrderShipped',
  data: { items: [{ item_id: 'a', quantity }], carrier: null, tracking_number: null },
});
export const returned = (quantity: number): OrderEvent => ({
  type: 'OrderReturned',
  data: { items: [{ item_id: 'a', quantity }], reason: 'too small' },
});
