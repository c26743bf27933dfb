/**
 * An order as the checker sees it: counters per line and per shipment, money in minor units. The
 * meaning of each field is that of docs/orders.md.
 */
export interface OrderState {
  id: string;
  /** Null: the log has it only sealed, and no call of the run shows it. */
  userId: string | null;
  currency: string;
  reference: string | null;
  lines: Line[];
  adjustments: Adjustment[];
  total: bigint;
  cancelled: bigint;
  credited: bigint;
  paid: bigint;
  refunded: bigint;
  /** A refund lowered what the order is worth. */
  refundLowered: boolean;
  /** The part of the credited amount that refunds have caused. */
  creditedByRefunds: bigint;
  processing: boolean;
  held: boolean;
  erased: boolean;
  shipments: Shipment[];
  /** Payments since the last refund: what a further payment may repeat. */
  payments: { reference: string | null; amount: bigint }[];
  metadata: Record<string, string> | null;
  placedAt: string;
  updatedAt: string;
  version: number;
}

export interface Line {
  lineId: string;
  itemId: string;
  quantity: number;
  /** Millionths of the major unit. */
  price: bigint | null;
  cancelled: number;
  /** Units that were shipped and are not to be shipped again. */
  shipped: number;
  /** Units that arrived, also those that came back. */
  delivered: number;
  returned: number;
  /** Units under way to the customer. */
  inTransit: number;
}

export interface Adjustment {
  type: string;
  amount: bigint;
  description?: string;
}

export interface Shipment {
  id: string;
  items: { line: Line; quantity: number; inTransit: number; arrived: number }[];
  carrier: string | null;
  /** Undefined: the log has it only sealed. */
  tracking: string | null | undefined;
  shippedAt: string;
  lastArrival: string | null;
}

export const toShip = (line: Line) => line.quantity - line.cancelled - line.shipped;

export const worth = (state: OrderState) => state.total - state.cancelled - state.credited;
export const kept = (state: OrderState) => state.paid - state.refunded;
export const balance = (state: OrderState) => worth(state) - kept(state);

const all = (state: OrderState, holds: (line: Line) => boolean) => state.lines.every(holds);
const some = (state: OrderState, holds: (line: Line) => boolean) => state.lines.some(holds);

export type Status =
  | 'pending'
  | 'processing'
  | 'partially_shipped'
  | 'shipped'
  | 'delivered'
  | 'cancelled'
  | 'partially_returned'
  | 'returned';

/** The table "Units and status" of docs/orders.md, line by line. */
export function statusOf(state: OrderState): Status {
  if (all(state, (line) => line.cancelled === line.quantity)) return 'cancelled';
  if (all(state, (line) => line.shipped === 0)) return state.processing ? 'processing' : 'pending';
  if (some(state, (line) => toShip(line) > 0)) return 'partially_shipped';
  if (all(state, (line) => line.returned === line.shipped)) return 'returned';
  if (some(state, (line) => line.inTransit > 0)) return 'shipped';
  if (some(state, (line) => line.returned > 0)) return 'partially_returned';
  return 'delivered';
}

/** The table of the payment status in docs/orders.md, line by line. */
export function paymentStatusOf(state: OrderState): string {
  if (state.paid === 0n) return state.total === 0n ? 'paid' : 'unpaid';
  if (state.paid === state.refunded) return 'refunded';
  if (kept(state) < worth(state)) return state.refunded > 0n ? 'partially_refunded' : 'partially_paid';
  if (state.refundLowered) return 'partially_refunded';
  return 'paid';
}

/** A copy that shares nothing that a later event changes. */
export function copyState(state: OrderState): OrderState {
  const lines = state.lines.map((line) => ({ ...line }));
  const lineOf = (line: Line) => lines[state.lines.indexOf(line)] ?? { ...line };
  return {
    ...state,
    lines,
    adjustments: [...state.adjustments],
    payments: [...state.payments],
    shipments: state.shipments.map((one) => ({
      ...one,
      items: one.items.map((item) => ({ ...item, line: lineOf(item.line) })),
    })),
  };
}
