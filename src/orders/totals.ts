import type { LineUnits, OrderCancelled, OrderReturned, OrderShipped } from './event-data.js';
import type { OrderEvent } from './events.js';

export const orderStatuses = [
  'pending',
  'processing',
  'partially_shipped',
  'shipped',
  'delivered',
  'cancelled',
  'partially_returned',
  'returned',
] as const;
export type OrderStatus = (typeof orderStatuses)[number];

export const paymentStatuses = ['unpaid', 'partially_paid', 'paid', 'partially_refunded', 'refunded'] as const;
export type PaymentStatus = (typeof paymentStatuses)[number];

/**
 * The sums of an order's units and money, and the status that follows from them. They are folded
 * without the order's lines: the metrics keep nothing else of an order.
 */
export interface OrderTotals {
  readonly status: OrderStatus;
  readonly units: UnitTotals;
  readonly totalMinor: number;
  /** The amount that cancellations took off the total: all of it if all units are cancelled. */
  readonly cancelledMinor: number;
  /** The amount that refunds and credits took off the total; 0 if all units are cancelled. */
  readonly creditedMinor: number;
  /** The part of the credits that came from refunds, also after all units were cancelled. */
  readonly creditedByRefundsMinor: number;
  readonly paidMinor: number;
  readonly refundedMinor: number;
  /**
   * Whether an event of schema version 1 cancelled the order. Its payment status then still
   * compares what was paid with the total, as in the version that wrote the event.
   */
  readonly isCancelledBySchema1: boolean;
}

/** Units over all lines, with the meanings of `OrderItem`. */
export interface UnitTotals {
  readonly ordered: number;
  readonly cancelled: number;
  readonly shipped: number;
  readonly inTransit: number;
  readonly delivered: number;
  readonly returned: number;
}

export type Mutable<Type> = { -readonly [Field in keyof Type]: Type[Field] };

/** Totals under construction: their owner changes them in place. */
export type TotalsDraft = Omit<Mutable<OrderTotals>, 'units'> & { readonly units: Mutable<UnitTotals> };

type Money = Pick<OrderTotals, 'totalMinor' | 'cancelledMinor' | 'creditedMinor' | 'paidMinor' | 'refundedMinor'>;

/** The worth of the order: the amount that its customer has to pay in all. */
export function worthMinor({ totalMinor, cancelledMinor, creditedMinor }: Money): number {
  return totalMinor - cancelledMinor - creditedMinor;
}

/** The amount that was paid and not given back. */
export function keptMinor({ paidMinor, refundedMinor }: Money): number {
  return paidMinor - refundedMinor;
}

/** Above zero: what is due. Below zero: what is to be given back. */
export function balanceMinor(money: Money): number {
  return worthMinor(money) - keptMinor(money);
}

export function leftToShip({ ordered, cancelled, shipped }: UnitTotals): number {
  return ordered - cancelled - shipped;
}

/**
 * Describes the payment of an order, which merchants track separately from its fulfilment. An order
 * with a total of 0 counts as paid. The balance says who owes whom.
 */
export function paymentStatus(totals: OrderTotals): PaymentStatus {
  const { totalMinor, paidMinor, refundedMinor } = totals;
  if (paidMinor === 0) return totalMinor === 0 ? 'paid' : 'unpaid';
  if (paidMinor === refundedMinor) return 'refunded';
  const payable = totals.isCancelledBySchema1 ? totalMinor : worthMinor(totals);
  if (keptMinor(totals) < payable) return refundedMinor > 0 ? 'partially_refunded' : 'partially_paid';
  return totals.creditedByRefundsMinor > 0 ? 'partially_refunded' : 'paid';
}

/** Derives the status from the units. An order that was processed once does not become pending. */
export function statusOf(units: UnitTotals, current: OrderStatus): OrderStatus {
  if (units.cancelled === units.ordered) return 'cancelled';
  if (units.shipped === 0) return current === 'pending' ? 'pending' : 'processing';
  if (leftToShip(units) > 0) return 'partially_shipped';
  if (units.returned === units.shipped) return 'returned';
  if (units.inTransit > 0) return 'shipped';
  return units.returned > 0 ? 'partially_returned' : 'delivered';
}

/** The totals of an order that was just placed. */
export function placedTotals(totalMinor: number, items: readonly LineUnits[]): TotalsDraft {
  return {
    status: 'pending',
    units: { ordered: sumOfUnits(items), cancelled: 0, shipped: 0, inTransit: 0, delivered: 0, returned: 0 },
    totalMinor,
    cancelledMinor: 0,
    creditedMinor: 0,
    creditedByRefundsMinor: 0,
    paidMinor: 0,
    refundedMinor: 0,
    isCancelledBySchema1: false,
  };
}

/** Applies an event to the totals. Events that change neither units nor money change nothing. */
export function applyToTotals(totals: TotalsDraft, event: Exclude<OrderEvent, { type: 'OrderPlaced' }>): void {
  const { units } = totals;
  switch (event.type) {
    case 'OrderAmended':
      if (event.data.total_minor === undefined) return;
      totals.totalMinor = event.data.total_minor;
      totals.cancelledMinor = 0;
      if (event.data.items) units.ordered = sumOfUnits(event.data.items);
      units.cancelled = 0;
      break;
    case 'OrderPaid':
      totals.paidMinor += event.data.amount_minor;
      return;
    case 'OrderRefunded':
      totals.refundedMinor += event.data.amount_minor;
      totals.creditedByRefundsMinor += event.data.credited_minor;
      // Schema version 1 has refunds of cancelled orders: those were worth nothing already.
      if (totals.status !== 'cancelled') totals.creditedMinor += event.data.credited_minor;
      return;
    case 'OrderCredited':
      totals.creditedMinor += event.data.amount_minor;
      return;
    case 'OrderProcessingStarted':
      totals.status = 'processing';
      return;
    case 'OrderShipped':
      ship(units, event.data);
      break;
    case 'OrderDelivered': {
      const arrived = event.data.items ? sumOfUnits(event.data.items) : units.inTransit;
      units.inTransit -= arrived;
      units.delivered += arrived;
      break;
    }
    case 'OrderCancelled':
      cancel(totals, event.data);
      break;
    case 'OrderReturned':
      comeBack(units, event.data);
      break;
    default:
      return;
  }
  totals.status = statusOf(units, totals.status);
}

/** Whether the units of a shipment count as delivered at once; see `OrderReturned.rest_arrived`. */
export function arrivesAtOnce({ shipment_id }: OrderShipped, { returned }: UnitTotals): boolean {
  return shipment_id === null && returned > 0;
}

function ship(units: Mutable<UnitTotals>, data: OrderShipped): void {
  const shipped = sumOfUnits(data.items);
  units.shipped += shipped;
  if (arrivesAtOnce(data, units)) units.delivered += shipped;
  else units.inTransit += shipped;
}

function cancel(totals: TotalsDraft, { items, amount_minor }: OrderCancelled): void {
  const { units } = totals;
  units.cancelled += items ? sumOfUnits(items) : leftToShip(units);
  if (units.cancelled === units.ordered) {
    totals.cancelledMinor = totals.totalMinor;
    totals.creditedMinor = 0;
    totals.isCancelledBySchema1 = amount_minor === null;
  } else {
    totals.cancelledMinor += amount_minor ?? 0;
  }
}

function comeBack(units: Mutable<UnitTotals>, { items, ship_again, rest_arrived }: OrderReturned): void {
  const all = sumOfUnits(items);
  if (rest_arrived) {
    // In such a stream, either everything that was shipped is in transit or nothing is.
    units.delivered += Math.max(0, units.inTransit - all);
    units.inTransit = 0;
    units.returned += all;
    return;
  }
  let inTransit = 0;
  for (const { in_transit = 0 } of items) inTransit += in_transit;
  units.inTransit -= inTransit;
  if (ship_again) {
    units.shipped -= all;
    units.delivered -= all - inTransit;
  } else {
    units.returned += all;
  }
}

function sumOfUnits(items: readonly Pick<LineUnits, 'quantity'>[]): number {
  let sum = 0;
  for (const { quantity } of items) sum += quantity;
  return sum;
}
