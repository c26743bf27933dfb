import type { OrderPlaced } from './event-data.js';
import type { EventEnvelope } from './events.js';
import { adjustmentsOf, orderedLines } from './lines.js';
import type { Order, OrderItem, Shipment } from './order.js';
import { type Mutable, placedTotals, type TotalsDraft } from './totals.js';

/**
 * An order under construction. Its lists may be shared with earlier versions of the order until
 * they are copied, once per fold: an order may have 5,000 lines and 10,000 events.
 */
export interface Draft {
  readonly order: Omit<Mutable<Order>, 'units'> & Pick<TotalsDraft, 'units'>;
  /** The list of lines, once it is a copy that may be changed in place. */
  ownItems: OrderItem[] | undefined;
  /** The same for the list of shipments. */
  ownShipments: Shipment[] | undefined;
}

/** The draft of an order that was just placed. */
export function placedDraft({ orderId, version, occurredAt, recordedAt }: EventEnvelope, data: OrderPlaced): Draft {
  const totals = placedTotals(data.total_minor, data.items);
  const items = orderedLines(data.items);
  return {
    order: {
      orderId,
      userId: data.user_id,
      reference: data.reference ?? null,
      status: totals.status,
      onHold: false,
      items,
      units: totals.units,
      adjustments: adjustmentsOf(data.adjustments),
      shipments: [],
      currency: data.currency,
      totalMinor: totals.totalMinor,
      cancelledMinor: totals.cancelledMinor,
      creditedMinor: totals.creditedMinor,
      creditedByRefundsMinor: totals.creditedByRefundsMinor,
      paidMinor: totals.paidMinor,
      refundedMinor: totals.refundedMinor,
      isCancelledBySchema1: totals.isCancelledBySchema1,
      metadata: data.metadata,
      placedAt: occurredAt,
      updatedAt: recordedAt,
      version,
      firstPaidAt: null,
      lastPayment: null,
    },
    ownItems: items,
    ownShipments: undefined,
  };
}

/** Copies an order. It lists the fields because V8 takes much longer for a spread. */
export function draftOf(order: Order): Draft {
  const { ordered, cancelled, shipped, inTransit, delivered, returned } = order.units;
  return {
    order: {
      orderId: order.orderId,
      userId: order.userId,
      reference: order.reference,
      status: order.status,
      onHold: order.onHold,
      items: order.items,
      units: { ordered, cancelled, shipped, inTransit, delivered, returned },
      adjustments: order.adjustments,
      shipments: order.shipments,
      currency: order.currency,
      totalMinor: order.totalMinor,
      cancelledMinor: order.cancelledMinor,
      creditedMinor: order.creditedMinor,
      creditedByRefundsMinor: order.creditedByRefundsMinor,
      paidMinor: order.paidMinor,
      refundedMinor: order.refundedMinor,
      isCancelledBySchema1: order.isCancelledBySchema1,
      metadata: order.metadata,
      placedAt: order.placedAt,
      updatedAt: order.updatedAt,
      version: order.version,
      firstPaidAt: order.firstPaidAt,
      lastPayment: order.lastPayment,
    },
    ownItems: undefined,
    ownShipments: undefined,
  };
}

/** The draft's lines as a list that may be changed in place. */
export function ownItems(draft: Draft): OrderItem[] {
  draft.ownItems ??= [...draft.order.items];
  draft.order.items = draft.ownItems;
  return draft.ownItems;
}

/** The draft's shipments as a list that may be changed in place. */
export function ownShipments(draft: Draft): Shipment[] {
  draft.ownShipments ??= [...draft.order.shipments];
  draft.order.shipments = draft.ownShipments;
  return draft.ownShipments;
}
