import {
  decodeFigures,
  decodeQuarters,
  emptyFigures,
  encodeFigures,
  encodeQuarters,
  type Figures,
  figureFields,
  hourMs,
  quarterMs,
  quartersPerHour,
} from '../read-models/metrics.js';
import type { RedisCommand } from '../read-models/redis/redis-command.js';
import type { ReadKeys } from './projection.js';

/** By currency, then by the field of `figureFields`; a quarter has a field of its own here. */
export type FiguresByCurrency = Map<string, Map<string, Figures>>;

/** By currency, then by hour: whether an order of that hour is counted already. */
export type WantedHours = Map<string, Map<number, boolean>>;

export function addWantedHour(all: WantedHours, currency: string, ms: number, isCounted: boolean): void {
  const hours = all.get(currency) ?? new Map<number, boolean>();
  const hour = Math.floor(ms / hourMs);
  hours.set(hour, isCounted || hours.get(hour) === true);
  all.set(currency, hours);
}

/** The figures that count a time. */
export function figuresAt(all: FiguresByCurrency, currency: string, ms: number): Figures[] {
  return fieldsOf(ms).map((field) => {
    const figures = all.get(currency)?.get(field);
    if (!figures) throw new Error(`the figures of ${currency} ${field} were not loaded`);
    return figures;
  });
}

/** The writes of figures. */
export function figureWrites(all: FiguresByCurrency, figuresKey: (currency: string) => string): RedisCommand[] {
  const commands: RedisCommand[] = [];
  for (const [currency, fields] of all) {
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
    commands.push(['HSET', figuresKey(currency), ...values]);
  }
  return commands;
}

/**
 * Loads the figures of hours. Rejects if figures are missing that count an order already: the
 * read model is damaged, and counting on from zero would hide it.
 *
 * @param last figures of the previous state, which need not be read.
 */
export async function loadFigures(
  hoursByCurrency: WantedHours,
  figuresKey: (currency: string) => string,
  read: ReadKeys,
  last: FiguresByCurrency | undefined,
): Promise<FiguresByCurrency> {
  const figures: FiguresByCurrency = new Map();
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

/** The fields that count a time. */
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
