import { type OrderStatus, orderStatuses } from '../orders/totals.js';
import {
  type DurationSketch,
  decodeSketch,
  emptySketch,
  encodeSketch,
  mergeSketch,
} from './encoding/duration-sketch.js';
import { figureFields } from './figure-fields.js';

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

/**
 * Zeros and empty lists at the end are left out. Money is a number if it is a safe integer.
 * Durations are the text of their sketch.
 */
export type EncodedFigures = readonly [
  orders?: number,
  units?: number,
  gross?: string | number,
  paid?: string | number,
  byStatus?: readonly number[] | 0,
  cancelled?: string | number,
  refunded?: string | number,
  credited?: string | number,
  givenBack?: string | number,
  placedToShipped?: string | 0,
  placedToDelivered?: string | 0,
  firstHour?: number,
  lastHour?: number,
];

/**
 * A part of a field: as it was read until its figures are needed, and as text until they change. A
 * step needs few parts of the fields that it writes.
 */
interface StoredPart {
  values: EncodedFigures | undefined;
  figures: Figures | undefined;
  text: string | undefined;
}

/** The parts of a field, by their number. */
export type FigureParts = Map<number, StoredPart>;

/** Returns the figures of a part, to be changed. */
export function changedPart(parts: FigureParts, part: number): Figures {
  let stored = parts.get(part);
  if (!stored) {
    stored = { values: undefined, figures: undefined, text: undefined };
    parts.set(part, stored);
  }
  stored.text = undefined;
  if (!stored.figures) {
    stored.figures = emptyFigures();
    if (stored.values) addEncoded(stored.figures, stored.values, 'with durations');
  }
  return stored.figures;
}

/** Returns how many orders a field counts. */
export function ordersIn(parts: FigureParts): number {
  let orders = 0;
  for (const { figures, values } of parts.values()) orders += figures ? figures.orders : (values?.[0] ?? 0);
  return orders;
}

/** Encodes a field: its parts one after another, each with its number before it. */
export function encodeParts(field: string, parts: FigureParts): string {
  const texts: string[] = [];
  const numbers = [...parts.keys()];
  // Entries of two generations are compared as texts.
  if (numbers.length > 1) numbers.sort((a, b) => a - b);
  for (const part of numbers) {
    const stored = parts.get(part);
    if (!stored) continue;
    const { figures, values } = stored;
    stored.text ??= JSON.stringify(figures ? encoded(figures, field === figureFields.total) : (values ?? []));
    if (stored.text !== '[]') texts.push(`${part},${stored.text}`);
  }
  return `[${texts.join(',')}]`;
}

export function decodeParts(text: string): FigureParts {
  const parts = encodedParts(text);
  return new Map(parts.map(([part, values]) => [part, { values, figures: undefined, text: undefined }]));
}

export function encodedParts(text: string): [part: number, values: EncodedFigures][] {
  const values = JSON.parse(text) as (number | EncodedFigures)[];
  const parts: [number, EncodedFigures][] = [];
  for (let at = 0; at + 1 < values.length; at += 2)
    parts.push([values[at] as number, values[at + 1] as EncodedFigures]);
  return parts;
}

/**
 * Adds the figures of a part.
 * @param durations series do not show them: then decoding them would be most of the work.
 */
export function addEncoded(
  into: Figures,
  values: EncodedFigures,
  durations: 'with durations' | 'without durations',
): void {
  const [orders = 0, units = 0, gross = 0, paid = 0, byStatus, cancelled = 0, refunded = 0, credited = 0, ...more] =
    values;
  const [givenBack = 0, shipped, delivered, firstHour, lastHour] = more;
  into.orders += orders;
  into.units += units;
  into.gross += BigInt(gross);
  into.paid += BigInt(paid);
  if (cancelled !== 0) into.cancelled += BigInt(cancelled);
  if (refunded !== 0) into.refunded += BigInt(refunded);
  if (credited !== 0) into.credited += BigInt(credited);
  if (givenBack !== 0) into.givenBack += BigInt(givenBack);
  for (const [index, count] of (byStatus || []).entries()) {
    const status = orderStatuses[index];
    if (status && count !== 0) into.byStatus.set(status, (into.byStatus.get(status) ?? 0) + count);
  }
  if (durations === 'with durations') {
    if (shipped) mergeSketch(into.placedToShipped, decodeSketch(shipped));
    if (delivered) mergeSketch(into.placedToDelivered, decodeSketch(delivered));
  }
  if (firstHour !== undefined) into.firstHour = Math.min(into.firstHour, firstHour);
  if (lastHour !== undefined) into.lastHour = Math.max(into.lastHour, lastHour);
}

function encoded(figures: Figures, withRange: boolean): EncodedFigures {
  const values: Writable<EncodedFigures> = [
    figures.orders,
    figures.units,
    money(figures.gross),
    money(figures.paid),
    encodedStatuses(figures.byStatus),
    money(figures.cancelled),
    money(figures.refunded),
    money(figures.credited),
    money(figures.givenBack),
    encodedDurations(figures.placedToShipped),
    encodedDurations(figures.placedToDelivered),
  ];
  if (withRange) values.push(figures.firstHour, figures.lastHour);
  dropZeros(values);
  return values;
}

type Writable<Tuple> = { -readonly [Nth in keyof Tuple]: Tuple[Nth] };

function encodedStatuses(byStatus: Figures['byStatus']): readonly number[] | 0 {
  const statuses: number[] = [];
  for (const status of orderStatuses) statuses.push(byStatus.get(status) ?? 0);
  dropZeros(statuses);
  return statuses.length === 0 ? 0 : statuses;
}

function encodedDurations(durations: DurationSketch): string | 0 {
  return durations.count === 0 ? 0 : encodeSketch(durations);
}

function money(sum: bigint): string | number {
  if (sum === 0n) return 0;
  const number = Number(sum);
  return Number.isSafeInteger(number) ? number : String(sum);
}

function dropZeros(values: unknown[]): void {
  while (values.at(-1) === 0) values.pop();
}
