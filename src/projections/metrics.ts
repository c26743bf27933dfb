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
 * Counts each order in the total, and in the month, the day and the block of two hours of its
 * placing. Later
 * events change the figures of that time: an order placed in January and cancelled in March counts
 * as cancelled in January. Beside that, each amount is counted at the time of its event, so that
 * the figures of a month that is over stay as they are.
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
      for (const figures of figuresAt(state.figures, order.currency, order.placedAtMs)) {
        if (before) add(figures, before, -1);
        else addHour(figures, order.placedAtMs);
        add(figures, order, 1);
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
    if (event.type === 'OrderPlaced') {
      currencies.set(event.orderId, event.data.currency);
      addWantedBlock(placed, event.data.currency, utcMs(event.occurredAt), false);
    }
    const currency = currencies.get(event.orderId);
    if (currency !== undefined && mayChangeAmounts(event))
      addWantedBlock(changed, currency, utcMs(event.occurredAt), false);
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
  for (const figures of figuresAt(all, now.currency, ms)) {
    addHour(figures, ms);
    if (before) addAmounts(figures, before, -1);
    addAmounts(figures, now, 1);
    if (isCancelled) figures.byStatus.set('cancelled', (figures.byStatus.get('cancelled') ?? 0) + 1);
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

function add(figures: Figures, order: MetricsOrder, sign: 1 | -1): void {
  addAmounts(figures, order, sign);
  figures.byStatus.set(order.status, (figures.byStatus.get(order.status) ?? 0) + sign);
}

function addAmounts(figures: Figures, order: MetricsOrder, sign: 1 | -1): void {
  const factor = BigInt(sign);
  // The credits of an order whose units are all cancelled are 0: its refunds lower nothing more.
  const refunded = Math.min(order.creditedByRefundsMinor, order.creditedMinor);
  figures.orders += sign;
  figures.units += sign * order.units.ordered;
  figures.gross += factor * BigInt(order.totalMinor);
  figures.cancelled += factor * BigInt(order.cancelledMinor);
  figures.refunded += factor * BigInt(refunded);
  figures.credited += factor * BigInt(order.creditedMinor - refunded);
  figures.paid += factor * BigInt(order.paidMinor);
  figures.givenBack += factor * BigInt(order.refundedMinor);
}
