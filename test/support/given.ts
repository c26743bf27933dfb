import { expect } from 'chai';
import type { OrderCommand } from '../../src/orders/commands.js';
import { decide } from '../../src/orders/decisions/decide.js';
import type { RejectionKind } from '../../src/orders/decisions/rejection.js';
import type { OrderEvent, RecordedEvent } from '../../src/orders/events.js';
import { fold } from '../../src/orders/evolve.js';
import type { Order, OrderItem, Shipment } from '../../src/orders/order.js';
import { balanceMinor, paymentStatus } from '../../src/orders/totals.js';

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

/** The fields of an order and what follows from them. */
type Expected = Partial<Order & { paymentStatus: string; balance: number }>;

function expectOrder(order: Order | undefined, expected: Expected): void {
  const shown = order && { ...order, paymentStatus: paymentStatus(order), balance: balanceMinor(order) };
  expect(shown).to.deep.include(expected);
}

/** Expectations of an order, one after the other. */
function expectations(order: () => Order | undefined) {
  const all = {
    thenOrder(expected: Expected) {
      expectOrder(order(), expected);
      return all;
    },
    thenLines(...expected: Partial<OrderItem>[]) {
      const items = order()?.items ?? [];
      expect(items).to.have.length(expected.length);
      for (const [index, one] of expected.entries()) expect(items[index]).to.deep.include(one);
      return all;
    },
    thenShipments(...expected: Partial<Shipment>[]) {
      const shipments = order()?.shipments ?? [];
      expect(shipments).to.have.length(expected.length);
      for (const [index, one] of expected.entries()) expect(shipments[index]).to.deep.include(one);
      return all;
    },
  };
  return all;
}

/** given(events).when(command).thenEvents(…): how the tests of the domain read. */
export function given(...events: OrderEvent[]) {
  const order = fold(recordedAll(events));
  return {
    when(command: OrderCommand) {
      const decision = decide(command, order);
      const after = expectations(() => {
        if ('rejected' in decision) expect.fail(`rejected: ${decision.rejected}: ${decision.detail}`);
        if ('repeats' in decision) expect.fail(`repeats version ${decision.repeats}`);
        return fold(recordedAll([...events, ...decision]));
      });
      return {
        ...after,
        thenEvents(...expected: OrderEvent[]) {
          // Reasons are the tests' own.
          const withoutReasons = (all: unknown) =>
            JSON.parse(JSON.stringify(all), (key, value) => (key === 'reason' ? undefined : value));
          expect(withoutReasons(decision)).to.deep.equal(withoutReasons(expected));
          return after;
        },
        thenRepeats(version: number) {
          expect(decision).to.deep.equal({ repeats: version });
        },
        thenRejected(kind: RejectionKind, detail?: RegExp) {
          expect(decision).to.have.property('rejected', kind);
          if (detail && 'rejected' in decision) expect(decision.detail).to.match(detail);
        },
        /** @param pointer names the wrong field of the body, as the client sees it. */
        thenInvalid(pointer: string, detail: RegExp) {
          expect(decision).to.deep.include({ rejected: 'invalid-command', pointer });
          if ('rejected' in decision) expect(decision.detail).to.match(detail);
        },
      };
    },
    ...expectations(() => order),
  };
}

export function placed(
  options: { items?: number; total?: number; currency?: string; price?: number } = {},
): Extract<OrderEvent, { type: 'OrderPlaced' }> {
  const { items = 2, price, currency = 'USD' } = options;
  const total = options.total ?? (price === undefined ? 2000 : items * price);
  return {
    type: 'OrderPlaced',
    data: {
      user_id: 'u-1',
      currency,
      total_minor: total,
      items: [{ item_id: 'a', quantity: items, unit_price_minor: price ?? null }],
      metadata: {},
    },
  };
}
export const processing: OrderEvent = { type: 'OrderProcessingStarted', data: {} };
export const delivered: OrderEvent = { type: 'OrderDelivered', data: { items: null, shipment_id: null } };
/** All units that have not shipped. */
export const cancelled = (amount_minor = 2000): OrderEvent => ({
  type: 'OrderCancelled',
  data: { items: null, amount_minor, reason: 'no stock' },
});
export const held: OrderEvent = { type: 'OrderHeld', data: { reason: 'fraud check' } };
export const paid = (amount_minor: number, payment_reference: string | null = null): OrderEvent => ({
  type: 'OrderPaid',
  data: { amount_minor, payment_reference },
});
export const credited = (amount_minor: number): OrderEvent => ({
  type: 'OrderCredited',
  data: { amount_minor, reason: 'bad debt' },
});
export const refunded = (amount_minor: number, credited_minor = amount_minor): OrderEvent => ({
  type: 'OrderRefunded',
  data: { amount_minor, credited_minor, reason: 'broken' },
});
export const shipped = (quantity: number, shipment_id = '1'): OrderEvent => ({
  type: 'OrderShipped',
  data: {
    items: [{ line_id: '1', item_id: 'a', quantity }],
    carrier: null,
    tracking_number: null,
    shipment_id,
  },
});
/** Delivered units, unless some were in transit. */
export const returned = (quantity: number, in_transit = 0): OrderEvent => ({
  type: 'OrderReturned',
  data: {
    items: [{ line_id: '1', item_id: 'a', quantity, ...(in_transit > 0 ? { in_transit } : {}) }],
    shipment_id: null,
    reason: 'too small',
  },
});
