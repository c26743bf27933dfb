import { utcMs } from '../orders/values/utc-time.js';
import { addDuration } from '../read-models/encoding/duration-sketch.js';
import { hourMs } from '../read-models/figure-fields.js';
import type { Figures } from '../read-models/figures.js';
import { metrics, metricsKeys, readableMetricsEntry } from '../read-models/metrics.js';
import {
  addWantedBlock,
  expectSameOrders,
  type FiguresByCurrency,
  figuresAt,
  figureWrites,
  loadFigures,
  type WantedBlocks,
} from './figure-store.js';
import { counted, decodeCountedOrder, encodeCountedOrder, type MetricsOrder } from './metrics-order.js';
import type { ProjectedEvent, Projection } from './projection.js';
import { rememberedOrders } from './remembered-orders.js';

interface MetricsState {
  readonly orders: Map<string, MetricsOrder>;
  readonly figures: FiguresByCurrency;
  /** The figures by the times of events. */
  readonly byEvent: FiguresByCurrency;
}

/**
 * Counts each order in the total, and in the month, the day and the block of two hours in which it
 * was placed. Later events change the figures of that time: an order placed in January and
 * cancelled in March counts as cancelled in January. Each amount is also counted at the time of its
 * event, so that those figures of a month do not change once it is over.
 */
export const metricsProjection: Projection<MetricsState> = {
  ...metrics,
  readable: readableMetricsEntry,

  async load(events, partitionKeys, read, last) {
    const key = metricsKeys(partitionKeys);
    const orders = await rememberedOrders(
      events,
      (orderId) => last?.orders.get(orderId),
      read,
      (orderId) => [key.order(orderId)],
      (_, text) => decodeCountedOrder(text),
    );
    const [placed, changed] = wantedBlocks(events, orders);
    const [figures, byEvent] = await Promise.all([
      loadFigures(placed, placed, key.figures, read, last?.figures),
      // There too, an order was first counted at the time of its placing.
      loadFigures(changed, placed, key.byEvent, read, last?.byEvent),
    ]);
    expectSameOrders(figures, byEvent);
    return { orders, figures, byEvent };
  },

  project(events, partitionKeys, state) {
    const key = metricsKeys(partitionKeys);
    const changed = new Map<string, MetricsOrder>();
    for (const { event } of events) {
      const before = changed.get(event.orderId) ?? state.orders.get(event.orderId);
      const now = counted(event, before);
      changed.set(event.orderId, now);
      if (before) countDurations(before, now, state.figures);
      if (mayChangeAmounts(event)) countChange(before, now, utcMs(event.occurredAt), state.byEvent);
    }
    // The figures are sums over the present state of the orders, so states in between do not
    // matter.
    for (const [orderId, order] of changed) {
      const before = state.orders.get(orderId);
      const change = changeOf(before, order);
      for (const figures of figuresAt(state.figures, order.currency, order.placedAtMs)) {
        if (!before) addHour(figures, order.placedAtMs);
        add(figures, change);
        if (before?.status === order.status) continue;
        if (before) addStatus(figures, before.status, -1);
        addStatus(figures, order.status, 1);
      }
    }
    const commands = [...figureWrites(state.figures, key.figures), ...figureWrites(state.byEvent, key.byEvent)];
    for (const currency of state.figures.keys()) commands.push(['SADD', key.currencies, currency]);
    for (const [orderId, order] of changed) {
      state.orders.set(orderId, order);
      commands.push(['HSET', ...key.order(orderId), encodeCountedOrder(order)]);
    }
    return commands;
  },
};

/** The blocks in which the orders were placed, and those in which amounts change. */
function wantedBlocks(
  events: readonly ProjectedEvent[],
  orders: ReadonlyMap<string, MetricsOrder>,
): [placed: WantedBlocks, changed: WantedBlocks] {
  const [placed, changed]: [WantedBlocks, WantedBlocks] = [new Map(), new Map()];
  const currencies = new Map<string, string>();
  for (const [orderId, { currency, placedAtMs }] of orders) {
    currencies.set(orderId, currency);
    addWantedBlock(placed, currency, placedAtMs, true);
  }
  for (const { event } of events) {
    if (!mayChangeAmounts(event)) continue;
    const ms = utcMs(event.occurredAt);
    if (event.type === 'OrderPlaced') {
      currencies.set(event.orderId, event.data.currency);
      addWantedBlock(placed, event.data.currency, ms, false);
    }
    const currency = currencies.get(event.orderId);
    if (currency !== undefined) addWantedBlock(changed, currency, ms, false);
  }
  return [placed, changed];
}

/** Whether an event can change the units that were ordered, or an amount. */
function mayChangeAmounts({ type }: ProjectedEvent['event']): boolean {
  switch (type) {
    case 'OrderPlaced':
    case 'OrderAmended':
    case 'OrderPaid':
    case 'OrderCancelled':
    case 'OrderRefunded':
    case 'OrderCredited':
      return true;
    default:
      return false;
  }
}

/** Counts what an event changed, at its time. Of the statuses only cancelled ones are counted. */
function countChange(before: MetricsOrder | undefined, now: MetricsOrder, ms: number, all: FiguresByCurrency): void {
  const isCancelled = now.status === 'cancelled' && before?.status !== 'cancelled';
  const change = changeOf(before, now);
  for (const figures of figuresAt(all, now.currency, ms)) {
    addHour(figures, ms);
    add(figures, change);
    if (isCancelled) addStatus(figures, 'cancelled', 1);
  }
}

function countDurations(before: MetricsOrder, now: MetricsOrder, all: FiguresByCurrency): void {
  const isShipped = now.isShippingTimed && !before.isShippingTimed;
  const isDelivered = now.isDeliveryTimed && !before.isDeliveryTimed;
  if (!isShipped && !isDelivered) return;
  for (const figures of figuresAt(all, now.currency, now.placedAtMs)) {
    if (isShipped) addDuration(figures.placedToShipped, now.shippedAfterMs ?? 0);
    if (isDelivered) addDuration(figures.placedToDelivered, now.deliveredAfterMs ?? 0);
  }
}

/** Widens the range of hours that the figures count. */
function addHour(figures: Figures, ms: number): void {
  const hour = Math.floor(ms / hourMs);
  figures.firstHour = Math.min(figures.firstHour, hour);
  figures.lastHour = Math.max(figures.lastHour, hour);
}

function addStatus(figures: Figures, status: MetricsOrder['status'], orders: 1 | -1): void {
  figures.byStatus.set(status, (figures.byStatus.get(status) ?? 0) + orders);
}

/**
 * By how much the figures of an order change. Each amount is a safe integer and not negative, so a
 * difference of two is exact.
 */
interface FiguresChange {
  readonly orders: number;
  readonly units: number;
  readonly gross: number;
  readonly cancelled: number;
  readonly refunded: number;
  readonly credited: number;
  readonly paid: number;
  readonly givenBack: number;
}

function changeOf(before: MetricsOrder | undefined, now: MetricsOrder): FiguresChange {
  const refunded = refundedCredits(now);
  const refundedBefore = before ? refundedCredits(before) : 0;
  return {
    orders: before ? 0 : 1,
    units: now.units.ordered - (before?.units.ordered ?? 0),
    gross: now.totalMinor - (before?.totalMinor ?? 0),
    cancelled: now.cancelledMinor - (before?.cancelledMinor ?? 0),
    refunded: refunded - refundedBefore,
    credited: now.creditedMinor - refunded - ((before?.creditedMinor ?? 0) - refundedBefore),
    paid: now.paidMinor - (before?.paidMinor ?? 0),
    givenBack: now.refundedMinor - (before?.refundedMinor ?? 0),
  };
}

/**
 * The credits that came from refunds. The credits of an order whose units are all cancelled are 0:
 * its refunds lower nothing more.
 */
function refundedCredits({ creditedByRefundsMinor, creditedMinor }: MetricsOrder): number {
  return Math.min(creditedByRefundsMinor, creditedMinor);
}

/** Adds a change. Most are of one or two amounts, and each sum of bigints is a new one. */
function add(figures: Figures, change: FiguresChange): void {
  figures.orders += change.orders;
  figures.units += change.units;
  if (change.gross !== 0) figures.gross += BigInt(change.gross);
  if (change.cancelled !== 0) figures.cancelled += BigInt(change.cancelled);
  if (change.refunded !== 0) figures.refunded += BigInt(change.refunded);
  if (change.credited !== 0) figures.credited += BigInt(change.credited);
  if (change.paid !== 0) figures.paid += BigInt(change.paid);
  if (change.givenBack !== 0) figures.givenBack += BigInt(change.givenBack);
}
