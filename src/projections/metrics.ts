import { utcMs } from '../orders/values/utc-time.js';
import { addDuration } from '../read-models/encoding/duration-sketch.js';
import {
  decodeFigures,
  decodeQuarters,
  emptyFigures,
  encodeFigures,
  encodeQuarters,
  type Figures,
  figureFields,
  hourMs,
  metrics,
  metricsKeys,
  quarterMs,
  quartersPerHour,
  readableMetricsEntry,
} from '../read-models/metrics.js';
import type { RedisCommand } from '../read-models/redis/redis-command.js';
import { counted, decodeCountedOrder, encodeCountedOrder, type MetricsOrder } from './metrics-order.js';
import type { ProjectedEvent, Projection, ReadKeys } from './projection.js';
import { rememberedOrders } from './remembered-orders.js';

interface MetricsState {
  readonly orders: Map<string, MetricsOrder>;
  /** By currency, then by the field of `figureFields`; a quarter has a field of its own here. */
  readonly figures: Map<string, Map<string, Figures>>;
}

/**
 * Counts each order in the total and in the month, day and quarter of an hour of its placing. Later
 * events change the figures of that time: an order placed in January and cancelled in March counts
 * as cancelled in January.
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
      key.order,
      (_, text) => decodeCountedOrder(text),
    );
    return { orders, figures: await loadFigures(events, orders, key.figures, read, last?.figures) };
  },

  project(events, partitionKeys, state) {
    const key = metricsKeys(partitionKeys);
    const changed = new Map<string, MetricsOrder>();
    for (const { event } of events) {
      const before = changed.get(event.orderId) ?? state.orders.get(event.orderId);
      const now = counted(event, before);
      changed.set(event.orderId, now);
      if (before) countDurations(before, now, state.figures);
    }
    // The figures are sums over the present state of the orders, so states in between do not
    // matter.
    for (const [orderId, order] of changed) {
      const before = state.orders.get(orderId);
      for (const figures of figuresOf(order, state.figures)) {
        if (before) add(figures, before, -1);
        else addHour(figures, order);
        add(figures, order, 1);
      }
    }
    const commands: RedisCommand[] = [];
    for (const [currency, fields] of state.figures) {
      const values: string[] = [];
      const hours = new Map<number, Map<number, Figures>>();
      for (const [field, figures] of fields) {
        const quarter = quarterOf(field);
        if (quarter === undefined) values.push(field, encodeFigures(figures));
        else {
          const hour = Math.floor(quarter / quartersPerHour);
          hours.set(hour, (hours.get(hour) ?? new Map()).set(quarter, figures));
        }
      }
      for (const [hour, quarters] of hours) values.push(figureFields.hour(hour * hourMs), encodeQuarters(quarters));
      commands.push(['SADD', key.currencies, currency], ['HSET', key.figures(currency), ...values]);
    }
    for (const [orderId, order] of changed) {
      state.orders.set(orderId, order);
      commands.push(['HSET', ...key.order(orderId), encodeCountedOrder(order)]);
    }
    return commands;
  },
};

/**
 * Loads the figures that count the orders of these events. Rejects if figures are missing that
 * count an order: the read model is damaged, and counting on from zero would hide it.
 *
 * @param last figures of the previous state, which need not be read.
 */
async function loadFigures(
  events: readonly ProjectedEvent[],
  orders: ReadonlyMap<string, MetricsOrder>,
  figuresKey: (currency: string) => string,
  read: ReadKeys,
  last: MetricsState['figures'] | undefined,
): Promise<MetricsState['figures']> {
  /** By currency, then by hour: whether an order of that hour is counted already. */
  const hoursByCurrency = new Map<string, Map<number, boolean>>();
  const addHourOf = (currency: string, placedAtMs: number, isCounted: boolean) => {
    const hours = hoursByCurrency.get(currency) ?? new Map<number, boolean>();
    const hour = Math.floor(placedAtMs / hourMs);
    hours.set(hour, isCounted || hours.get(hour) === true);
    hoursByCurrency.set(currency, hours);
  };
  for (const order of orders.values()) addHourOf(order.currency, order.placedAtMs, true);
  for (const { event } of events) {
    if (event.type === 'OrderPlaced') addHourOf(event.data.currency, utcMs(event.occurredAt), false);
  }
  const figures: MetricsState['figures'] = new Map();
  const toRead: (readonly [currency: string, fields: string[]])[] = [];
  for (const [currency, hours] of hoursByCurrency) {
    const known = last?.get(currency);
    const ofCurrency = new Map<string, Figures>();
    figures.set(currency, ofCurrency);
    const missing: string[] = [];
    for (const field of new Set([...hours.keys()].flatMap((hour) => sharedFieldsOf(hour * hourMs)))) {
      const found = known?.get(field);
      if (found) ofCurrency.set(field, found);
      else missing.push(field);
    }
    // The quarters of an hour are one entry: they are known together.
    for (const hour of hours.keys()) {
      const quarters = quartersOf(hour).map((field) => [field, known?.get(field)] as const);
      for (const [field, found] of quarters) ofCurrency.set(field, found ?? emptyFigures());
      if (quarters.some(([, found]) => !found)) missing.push(figureFields.hour(hour * hourMs));
    }
    if (missing.length > 0) toRead.push([currency, missing]);
  }
  if (toRead.length === 0) return figures;
  const replies = (await read(toRead.map(([currency, fields]) => ['HMGET', figuresKey(currency), ...fields]))) as (
    | string
    | null
  )[][];
  for (const [index, [currency, fields]] of toRead.entries()) {
    const countedHours = [...(hoursByCurrency.get(currency) ?? [])].filter(([, counted]) => counted);
    const needed = new Set(countedHours.flatMap(([hour]) => storedFieldsOf(hour * hourMs)));
    for (const [nth, field] of fields.entries()) {
      const text = replies[index]?.[nth];
      if (!text && needed.has(field)) throw new Error(`the figures of ${currency} ${field} are missing`);
      const hour = hourOf(field);
      if (hour === undefined) figures.get(currency)?.set(field, text ? decodeFigures(text) : emptyFigures());
      else if (text) {
        for (const [quarter, ofQuarter] of decodeQuarters(hour, text))
          figures.get(currency)?.set(quarterField(quarter), ofQuarter);
      }
    }
  }
  return figures;
}

/**
 * Cache: the fields that count an order, by the quarter since 1970 in which it was placed. Most
 * events are of few quarters.
 */
const fieldsByQuarter = new Map<number, readonly string[]>();
/** Maximum of quarters in that cache. It is cleared when it is full. */
const maxQuarters = 10_000;

function fieldsOf(placedAtMs: number): readonly string[] {
  const quarter = Math.floor(placedAtMs / quarterMs);
  const known = fieldsByQuarter.get(quarter);
  if (known) return known;
  const fields = [...sharedFieldsOf(placedAtMs), quarterField(quarter)];
  if (fieldsByQuarter.size >= maxQuarters) fieldsByQuarter.clear();
  fieldsByQuarter.set(quarter, fields);
  return fields;
}

/** The fields of Redis that count the orders of an hour. */
function storedFieldsOf(placedAtMs: number): string[] {
  return [...sharedFieldsOf(placedAtMs), figureFields.hour(placedAtMs)];
}

/** The fields beside the quarter. */
function sharedFieldsOf(placedAtMs: number): string[] {
  const { total, month, day } = figureFields;
  return [total, month(placedAtMs), day(placedAtMs)];
}

const quarterPrefix = 'quarter:';

function quarterField(quarter: number): string {
  return `${quarterPrefix}${quarter}`;
}

function quarterOf(field: string): number | undefined {
  return field.startsWith(quarterPrefix) ? Number(field.slice(quarterPrefix.length)) : undefined;
}

function hourOf(field: string): number | undefined {
  const [name, hour] = field.split(':');
  return name === 'hour' ? Number(hour) : undefined;
}

function quartersOf(hour: number): string[] {
  return Array.from({ length: quartersPerHour }, (_, nth) => quarterField(hour * quartersPerHour + nth));
}

function countDurations(before: MetricsOrder, now: MetricsOrder, all: MetricsState['figures']): void {
  const isShipped = now.isShippingTimed && !before.isShippingTimed;
  const isDelivered = now.isDeliveryTimed && !before.isDeliveryTimed;
  if (!isShipped && !isDelivered) return;
  for (const figures of figuresOf(now, all)) {
    if (isShipped) addDuration(figures.placedToShipped, now.shippedAfterMs ?? 0);
    if (isDelivered) addDuration(figures.placedToDelivered, now.deliveredAfterMs ?? 0);
  }
}

/** Widens the range of hours in which the orders were placed. */
function addHour(figures: Figures, { placedAtMs }: MetricsOrder): void {
  const hour = Math.floor(placedAtMs / hourMs);
  figures.firstHour = Math.min(figures.firstHour, hour);
  figures.lastHour = Math.max(figures.lastHour, hour);
}

function figuresOf(order: MetricsOrder, all: MetricsState['figures']): Figures[] {
  return fieldsOf(order.placedAtMs).map((field) => {
    const figures = all.get(order.currency)?.get(field);
    if (!figures) throw new Error(`the figures of ${order.currency} ${field} were not loaded`);
    return figures;
  });
}

function add(figures: Figures, order: MetricsOrder, sign: 1 | -1): void {
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
  figures.byStatus.set(order.status, (figures.byStatus.get(order.status) ?? 0) + sign);
}
