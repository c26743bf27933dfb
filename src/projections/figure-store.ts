import { blockMs, type FigurePart, figureFields, partsAt, quarterMs } from '../read-models/figure-fields.js';
import {
  changedPart,
  decodeParts,
  encodeParts,
  type FigureParts,
  type Figures,
  ordersIn,
} from '../read-models/figures.js';
import type { RedisCommand } from '../read-models/redis/redis-command.js';
import type { ReadKeys } from './projection.js';

/** By currency, then by field. */
export type FiguresByCurrency = Map<string, Map<string, FigureParts>>;

/** By currency, then by block: whether an order of that block is counted already. */
export type WantedBlocks = Map<string, Map<number, boolean>>;

export function addWantedBlock(all: WantedBlocks, currency: string, ms: number, isCounted: boolean): void {
  const blocks = all.get(currency) ?? new Map<number, boolean>();
  const block = Math.floor(ms / blockMs);
  blocks.set(block, isCounted || blocks.get(block) === true);
  all.set(currency, blocks);
}

/** The figures that count a time, to be changed. */
export function figuresAt(all: FiguresByCurrency, currency: string, ms: number): Figures[] {
  const fields = all.get(currency);
  return knownParts(ms).map(({ field, part }) => {
    const parts = fields?.get(field);
    if (!parts) throw new Error(`the figures of ${currency} ${field} were not loaded`);
    return changedPart(parts, part);
  });
}

/** The writes of figures. */
export function figureWrites(all: FiguresByCurrency, figuresKey: (currency: string) => string): RedisCommand[] {
  const commands: RedisCommand[] = [];
  for (const [currency, fields] of all) {
    const values: string[] = [];
    for (const [field, parts] of fields) values.push(field, encodeParts(field, parts));
    commands.push(['HSET', figuresKey(currency), ...values]);
  }
  return commands;
}

/**
 * Loads the figures of blocks. Rejects if figures are missing that count an order already: the
 * read model is damaged, and counting on from zero would hide it.
 *
 * @param counted the blocks of orders, with those that are counted already.
 * @param last figures of the previous state, which need not be read.
 */
export async function loadFigures(
  blocksByCurrency: WantedBlocks,
  counted: WantedBlocks,
  figuresKey: (currency: string) => string,
  read: ReadKeys,
  last: FiguresByCurrency | undefined,
): Promise<FiguresByCurrency> {
  const figures: FiguresByCurrency = new Map();
  const toRead: (readonly [currency: string, fields: string[]])[] = [];
  for (const [currency, blocks] of blocksByCurrency) {
    const known = last?.get(currency);
    const ofCurrency = new Map<string, FigureParts>();
    figures.set(currency, ofCurrency);
    const missing: string[] = [];
    for (const field of new Set([...blocks.keys()].flatMap(fieldsOf))) {
      const found = known?.get(field);
      if (found) ofCurrency.set(field, found);
      else missing.push(field);
    }
    if (missing.length > 0) toRead.push([currency, missing]);
  }
  if (toRead.length === 0) return figures;
  const replies = (await read(toRead.map(([currency, fields]) => ['HMGET', figuresKey(currency), ...fields]))) as (
    | string
    | null
  )[][];
  for (const [index, [currency, fields]] of toRead.entries()) {
    const countedBlocks = [...(counted.get(currency) ?? [])].filter(([, isCounted]) => isCounted);
    const needed = new Set(countedBlocks.flatMap(([block]) => fieldsOf(block)));
    for (const [nth, field] of fields.entries()) {
      const text = replies[index]?.[nth];
      if (!text && needed.has(field)) throw new Error(`the figures of ${currency} ${field} are missing`);
      figures.get(currency)?.set(field, text ? decodeParts(text) : new Map());
    }
  }
  return figures;
}

/**
 * Throws unless two series count as many orders of each currency. They count the same orders, so
 * the total of one of them was lost otherwise.
 */
export function expectSameOrders(one: FiguresByCurrency, other: FiguresByCurrency): void {
  for (const [currency, fields] of one) {
    const [total, otherTotal] = [fields, other.get(currency)].map((all) => all?.get(figureFields.total));
    if (!total || !otherTotal || ordersIn(total) === ordersIn(otherTotal)) continue;
    throw new Error(`the figures of ${currency} ${figureFields.total} are missing or damaged in one of the two series`);
  }
}

/**
 * Cache: the parts that count a time, by its quarter since 1970. Most events are of few quarters.
 */
const partsByQuarter = new Map<number, readonly FigurePart[]>();
/** Maximum of quarters in that cache. It is cleared when it is full. */
const maxQuarters = 10_000;

function knownParts(ms: number): readonly FigurePart[] {
  const quarter = Math.floor(ms / quarterMs);
  const known = partsByQuarter.get(quarter);
  if (known) return known;
  const parts = partsAt(ms);
  if (partsByQuarter.size >= maxQuarters) partsByQuarter.clear();
  partsByQuarter.set(quarter, parts);
  return parts;
}

/** The fields that count the times of a block. */
function fieldsOf(block: number): string[] {
  const { total, month, day } = figureFields;
  const ms = block * blockMs;
  return [total, month(ms), day(ms), figureFields.block(ms)];
}
