import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { OrderEventType } from '../../src/orders/events.js';
import { evolve } from '../../src/orders/evolve.js';
import type { Order } from '../../src/orders/order.js';
import { orderDocument } from '../../src/orders/order-document.js';
import { upcast } from '../../src/orders/upcast.js';
import { projectPath } from '../../src/project-path.js';
import { counted, type MetricsOrder } from '../../src/projections/metrics-order.js';
import { explore } from '../support/explore-orders.js';
import { orderId } from '../support/given.js';

type Items = [itemId: string, quantity: number, shipped: number, returned: number][];
/** Status, payment status, hold, total, paid and refunded amount, and the items. */
type State = [string, string, boolean, number, number, number, Items];

/** An order that the version before wrote, and how that version showed it after each event. */
interface Stream {
  readonly events: readonly [OrderEventType, Record<string, unknown>][];
  readonly states: readonly State[];
}

const streams = readFileSync(projectPath('test', 'fixtures', 'orders-of-schema-1.ndjson'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Stream);

function recorded([type, data]: Stream['events'][number], index: number) {
  const at = new Date(Date.UTC(2026, 0, 1) + (index + 1) * 60_000).toISOString();
  return { ...upcast(type, 1, data), orderId, version: index + 1, occurredAt: at, recordedAt: at };
}

describe('events of schema version 1', () => {
  it('lead to the same orders as in the version that wrote them, after every event', () => {
    expect(streams.length).to.be.greaterThan(200);
    for (const { events, states } of streams) {
      let order: Order | undefined;
      for (const [index, event] of events.entries()) {
        order = evolve(order, recorded(event, index));
        const shown = orderDocument(order);
        const items = shown.items.map(({ item_id, quantity, shipped, returned }) => {
          return [item_id, quantity, shipped, returned];
        });
        const { status, payment_status, on_hold, total_amount, paid_amount, refunded_amount } = shown;
        const state = [status, payment_status, on_hold, total_amount, paid_amount, refunded_amount, items];
        expect(state, JSON.stringify(events.slice(0, index + 1))).to.deep.equal(states[index]);
        const delivered = order.items.reduce((sum, item) => sum + item.delivered, 0);
        expect(order.units.delivered).to.equal(delivered);
      }
    }
  });

  it('lead to the same figures as in the version that wrote them', () => {
    for (const { events, states } of streams) {
      let order: MetricsOrder | undefined;
      for (const [index, event] of events.entries()) {
        order = counted(recorded(event, index), order);
        const [status, , , total, paid, refunded] = states[index] ?? [];
        const isCancelled = status === 'cancelled';
        const { creditedMinor, cancelledMinor, paidMinor, refundedMinor } = order;
        expect(
          [order.status, order.totalMinor, cancelledMinor, creditedMinor, paidMinor, refundedMinor].map(String),
        ).to.deep.equal(
          [
            ...[status, minor(total), isCancelled ? minor(total) : 0, isCancelled ? 0 : minor(refunded)],
            ...[minor(paid), minor(refunded)],
          ].map(String),
        );
      }
    }
  });

  it('lead to orders that can be closed', () => {
    for (const { events } of streams) {
      let order: Order | undefined;
      for (const [index, event] of events.entries()) order = evolve(order, recorded(event, index));
      if (!order) throw new Error('the stream is empty');
      const { deadEnds } = explore([order], { maxStates: 1 });
      expect(deadEnds).to.deep.equal([]);
    }
  });
});

function minor(amount = 0): number {
  return Math.round(amount * 100);
}
