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
export const metrics = { name: 'metrics', version: 3, readsFrom: 3 } as const;

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

export function metricsKeys(key: PartitionKeys) {
  return {
    /** Set: the currencies of the orders of this partition. */
    currencies: key('currencies'),
    /** Hash: `Figures` as JSON, by the fields of `figureFields`. */
    figures: (currency: string) => key('figures', currency),
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

export function mergeFigures(into: Figures, other: Figures): void {
  into.orders += other.orders;
  into.units += other.units;
  into.gross += other.gross;
  into.cancelled += other.cancelled;
  into.refunded += other.refunded;
  into.credited += other.credited;
  into.paid += other.paid;
  into.givenBack += other.givenBack;
  for (const [status, count] of other.byStatus) into.byStatus.set(status, (into.byStatus.get(status) ?? 0) + count);
  mergeSketch(into.placedToShipped, other.placedToShipped);
  mergeSketch(into.placedToDelivered, other.placedToDelivered);
  into.firstHour = Math.min(into.firstHour, other.firstHour);
  into.lastHour = Math.max(into.lastHour, other.lastHour);
}

type EncodedFigures = [
  orders: number,
  units: number,
  gross: string,
  cancelled: string,
  refunded: string,
  credited: string,
  paid: string,
  givenBack: string,
  byStatus: number[],
  placedToShipped: readonly number[],
  placedToDelivered: readonly number[],
  firstHour: number,
  lastHour: number,
];

export function encodeFigures(figures: Figures): string {
  const encoded: EncodedFigures = [
    figures.orders,
    figures.units,
    String(figures.gross),
    String(figures.cancelled),
    String(figures.refunded),
    String(figures.credited),
    String(figures.paid),
    String(figures.givenBack),
    orderStatuses.map((status) => figures.byStatus.get(status) ?? 0),
    encodeSketch(figures.placedToShipped),
    encodeSketch(figures.placedToDelivered),
    figures.firstHour,
    figures.lastHour,
  ];
  return JSON.stringify(encoded);
}

export function decodeFigures(text: string): Figures {
  const [orders, units, gross, cancelled, refunded, credited, paid, givenBack, byStatus, ...rest] = JSON.parse(
    text,
  ) as EncodedFigures;
  const [shipped, delivered, firstHour, lastHour] = rest;
  return {
    orders,
    units,
    gross: BigInt(gross),
    cancelled: BigInt(cancelled),
    refunded: BigInt(refunded),
    credited: BigInt(credited),
    paid: BigInt(paid),
    givenBack: BigInt(givenBack),
    byStatus: new Map(orderStatuses.map((status, index) => [status, byStatus[index] ?? 0])),
    placedToShipped: decodeSketch(shipped),
    placedToDelivered: decodeSketch(delivered),
    firstHour,
    lastHour,
  };
}

/** The readable form of an entry, for comparisons. */
export const readableMetricsEntry: ReadableEntry = (key, entry, text) =>
  isOrderEntry(key) ? { orderId: longId(entry), text } : { text };
