import { type OrderStatus, orderStatuses } from '../orders/totals.js';
import {
  type DurationSketch,
  decodeSketch,
  emptySketch,
  encodeSketch,
  mergeSketch,
} from './encoding/duration-sketch.js';
import { longId } from './encoding/short-id.js';
import type { PartitionKeys } from './keys.js';
import { isOrderEntry, orderEntry } from './order-buckets.js';
import type { ReadableEntry } from './readable-entry.js';

/**
 * The figures of all orders per currency: in total, and by the month, day and hour in which the
 * orders were placed.
 */
export const metrics = { name: 'metrics', version: 5, readsFrom: 5 } as const;

/** The finest figures. The boundaries of all time zones of today are on such quarters. */
export const quarterMs = 900_000;
export const hourMs = 4 * quarterMs;
export const dayMs = 24 * hourMs;

export function metricsKeys(key: PartitionKeys) {
  return {
    /** Set: the currencies of the orders of this partition. */
    currencies: key('currencies'),
    /** Hash: `Figures` as JSON, by the fields of `figureFields`; `QuarterFigures` for an hour. */
    figures: (currency: string) => key('figures', currency),
    /** The same, but each amount counts at the time of its event. Nothing has durations. */
    byEvent: (currency: string) => key('by-event', currency),
    /** Hash entry: the part of an order that the effect of its next event depends on. */
    order: (orderId: string) => orderEntry(key, orderId),
  };
}

/** The fields of the figures. Months, days and hours are counted from 1970, in UTC. */
export const figureFields = {
  total: 'total',
  month: (milliseconds: number) => {
    const date = new Date(milliseconds);
    return `month:${(date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()}`;
  },
  day: (milliseconds: number) => `day:${Math.floor(milliseconds / dayMs)}`,
  hour: (milliseconds: number) => `hour:${Math.floor(milliseconds / hourMs)}`,
} as const;

/**
 * Sums over a set of orders in their present state. Money is in minor units; bigint keeps sums
 * exact.
 */
export interface Figures {
  orders: number;
  units: number;
  gross: bigint;
  cancelled: bigint;
  /** The part of the credits that came from refunds; `credited` is the rest. */
  refunded: bigint;
  credited: bigint;
  paid: bigint;
  givenBack: bigint;
  byStatus: Map<OrderStatus, number>;
  placedToShipped: DurationSketch;
  placedToDelivered: DurationSketch;
  /** The first and the last hour (since 1970) in which one of the orders was placed. */
  firstHour: number;
  lastHour: number;
}

export function emptyFigures(): Figures {
  return {
    orders: 0,
    units: 0,
    gross: 0n,
    cancelled: 0n,
    refunded: 0n,
    credited: 0n,
    paid: 0n,
    givenBack: 0n,
    byStatus: new Map(),
    placedToShipped: emptySketch(),
    placedToDelivered: emptySketch(),
    firstHour: Number.POSITIVE_INFINITY,
    lastHour: Number.NEGATIVE_INFINITY,
  };
}

/** @param sign -1 to subtract figures that `into` has. */
export function mergeFigures(into: Figures, other: Figures, sign: 1 | -1 = 1): void {
  const factor = BigInt(sign);
  into.orders += sign * other.orders;
  into.units += sign * other.units;
  into.gross += factor * other.gross;
  into.cancelled += factor * other.cancelled;
  into.refunded += factor * other.refunded;
  into.credited += factor * other.credited;
  into.paid += factor * other.paid;
  into.givenBack += factor * other.givenBack;
  for (const [status, count] of other.byStatus)
    into.byStatus.set(status, (into.byStatus.get(status) ?? 0) + sign * count);
  mergeSketch(into.placedToShipped, other.placedToShipped, sign);
  mergeSketch(into.placedToDelivered, other.placedToDelivered, sign);
  into.firstHour = Math.min(into.firstHour, other.firstHour);
  into.lastHour = Math.max(into.lastHour, other.lastHour);
}

/**
 * Zeros, empty lists and nulls at the end are left out. Hours, of which there are many, have no
 * range: their figures end with the durations.
 */
type EncodedFigures = [
  orders?: number,
  units?: number,
  gross?: string | 0,
  paid?: string | 0,
  byStatus?: number[] | 0,
  cancelled?: string | 0,
  refunded?: string | 0,
  credited?: string | 0,
  givenBack?: string | 0,
  placedToShipped?: readonly number[] | 0,
  placedToDelivered?: readonly number[] | 0,
  firstHour?: number,
  lastHour?: number,
];

export function encodeFigures(figures: Figures): string {
  return JSON.stringify(encoded(figures, [figures.firstHour, figures.lastHour]));
}

function encoded(figures: Figures, range: readonly [number, number] | undefined): EncodedFigures {
  const money = (sum: bigint) => (sum === 0n ? 0 : String(sum));
  const sketch = (durations: DurationSketch) => (durations.count === 0 ? 0 : encodeSketch(durations));
  const statuses = orderStatuses.map((status) => figures.byStatus.get(status) ?? 0);
  dropZeros(statuses);
  const values: EncodedFigures = [
    figures.orders,
    figures.units,
    money(figures.gross),
    money(figures.paid),
    statuses.length === 0 ? 0 : statuses,
    money(figures.cancelled),
    money(figures.refunded),
    money(figures.credited),
    money(figures.givenBack),
    sketch(figures.placedToShipped),
    sketch(figures.placedToDelivered),
    ...(range ?? []),
  ];
  dropZeros(values);
  return values;
}

function dropZeros<Value>(values: Value[]): void {
  while (values.at(-1) === 0) values.pop();
}

export function decodeFigures(text: string): Figures {
  return figuresOf(JSON.parse(text) as EncodedFigures);
}

function figuresOf(values: EncodedFigures): Figures {
  const [orders = 0, units = 0, gross = 0, paid = 0, byStatus, cancelled = 0, refunded = 0, credited = 0, ...more] =
    values;
  const [givenBack = 0, shipped, delivered, firstHour, lastHour] = more;
  const statuses = byStatus || [];
  return {
    orders,
    units,
    gross: BigInt(gross),
    cancelled: BigInt(cancelled),
    refunded: BigInt(refunded),
    credited: BigInt(credited),
    paid: BigInt(paid),
    givenBack: BigInt(givenBack),
    byStatus: new Map(orderStatuses.map((status, index) => [status, statuses[index] ?? 0])),
    placedToShipped: decodeSketch(shipped || []),
    placedToDelivered: decodeSketch(delivered || []),
    firstHour: firstHour ?? Number.POSITIVE_INFINITY,
    lastHour: lastHour ?? Number.NEGATIVE_INFINITY,
  };
}

/** The figures of the quarters of one hour in which orders were placed, by quarter of UTC. */
export type QuarterFigures = ReadonlyMap<number, Figures>;

/** Encodes the quarters of an hour: each has its number within the hour, then its figures. */
export function encodeQuarters(quarters: QuarterFigures): string {
  const parts: string[] = [];
  for (const [quarter, figures] of quarters) {
    const text = JSON.stringify(encoded(figures, undefined));
    if (text !== '[]') parts.push(`${quarter % quartersPerHour},${text}`);
  }
  return `[${parts.join(',')}]`;
}

/** @param hour the hour since 1970. */
export function decodeQuarters(hour: number, text: string): Map<number, Figures> {
  const values = JSON.parse(text) as (number | EncodedFigures)[];
  const quarters = new Map<number, Figures>();
  for (let at = 0; at + 1 < values.length; at += 2)
    quarters.set(hour * quartersPerHour + Number(values[at]), figuresOf(values[at + 1] as EncodedFigures));
  return quarters;
}

export const quartersPerHour = hourMs / quarterMs;

/** The readable form of an entry, for comparisons. */
export const readableMetricsEntry: ReadableEntry = (key, entry, text) =>
  isOrderEntry(key) ? { orderId: longId(entry), text } : { text };
