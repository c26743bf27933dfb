import { currencyExponent, withdrawnIn } from '../../orders/values/currency.js';
import { type Cells, cellReaders } from './cells.js';
import { type CsvMapping, keyColumnOf } from './csv-mapping.js';
import { timeReader } from './date-format.js';
import { numberReader, plainNumbers, shortened } from './number-format.js';
import { Refused } from './refused.js';
import type { Warnings } from './warnings.js';

/** A command for the batch, as the object that its line would be. */
export type BatchInput = Readonly<Record<string, unknown>>;

/**
 * Makes the commands of an order from its rows. Throws Refused if a value is missing or has another
 * form than the mapping says.
 * @param header the cells that belong to the whole order.
 * @param lines the rows of the order; `[header]` if the order has one row.
 * @param number the number of the first row's line in the file.
 */
export type ReadOrder = (header: Cells, lines: readonly Cells[], number: number) => BatchInput[];

/**
 * Compiles a mapping for rows with known columns. Throws Error with a message for the user if a
 * value of --set or --default is wrong.
 */
export function orderReader(
  mapping: CsvMapping,
  indexOf: (column: string) => number,
  keyOf: ((value: string) => string) | undefined,
  warnings: Warnings,
): ReadOrder {
  const cells = cellReaders(mapping, indexOf);
  const text = (field: string) => cells.of(field, String, String);
  const readNumber = numberReader(mapping.numbers);
  const readPlain = numberReader(plainNumbers);
  const number = (field: string) => cells.of(field, readNumber, readPlain);
  const readTime = timeReader(mapping.dateFormats, mapping.timeZone);
  const readRfc3339 = timeReader([], undefined);
  const time = (field: string) =>
    cells.of(field, readTime, (given) => {
      if (given === 'now') return undefined;
      return isRfc3339(given) ? readRfc3339(given) : readTime(given);
    });

  const userId = text('user_id');
  const orderId = text('order_id');
  const itemId = text('item_id');
  const itemIds = cells.of('item_ids', splitter(mapping.itemSeparators), splitter(mapping.itemSeparators));
  const quantity = cells.of(
    'quantity',
    (cell) => wholeNumber(readNumber(cell)),
    (given) => wholeNumber(readPlain(given)),
  );
  const unitPrice = number('unit_price');
  const total = number('total_amount');
  const currency = cells.of('currency', currencyCode, (given) => {
    const code = currencyCode(given);
    if (currencyExponent(code) === undefined) throw new Refused('not an ISO 4217 code');
    return code;
  });
  const occurredAt = time('occurred_at');
  const metadata = [...mapping.columns.keys(), ...mapping.constants.keys(), ...mapping.defaults.keys()]
    .filter((field, nth, all) => field.startsWith('metadata.') && all.indexOf(field) === nth)
    .map((field) => ({ name: field.slice('metadata.'.length), read: text(field) }));
  const keyColumn = keyColumnOf(mapping);
  const keyIndex = keyColumn === undefined ? -1 : indexOf(keyColumn);

  // Fields of an item are in alphabetical order, so that hashing the command need not sort them.
  const itemOf = (row: Cells) => {
    const price = unitPrice?.(row);
    const item = { item_id: itemId?.(row), quantity: quantity?.(row) ?? 1 };
    return price === undefined ? item : { ...item, unit_price: price };
  };

  return (header, lines, nth) => {
    const place: Record<string, unknown> = { command: 'place' };
    if (keyOf) {
      const key = header[keyIndex]?.trim() ?? '';
      if (key === '') throw new Refused(`column "${keyColumn}" (--key) is empty`);
      place.idempotency_key = keyOf(key);
    }
    place.user_id = userId?.(header);
    place.total_amount = total?.(header);
    const code = currency?.(header);
    place.currency = code;
    const at = occurredAt?.(header);
    if (at !== undefined) {
      place.occurred_at = at.utc;
      if (at.ambiguous) warnings.add('a local time that occurred twice is taken as the first', nth);
      const withdrawn = code === undefined ? undefined : withdrawnIn(code);
      if (withdrawn !== undefined && at.utc.slice(0, 7) > withdrawn)
        warnings.add(`an order in ${code} is dated after its withdrawal in ${withdrawn}`, nth);
    }
    const id = orderId?.(header);
    if (id !== undefined) place.order_id = id;
    if (itemIds) place.item_ids = itemIds(header);
    else place.items = lines.map(itemOf);
    if (metadata.length > 0) {
      const pairs: Record<string, string> = {};
      for (const { name, read } of metadata) {
        const value = read?.(header);
        if (value !== undefined) pairs[name] = value;
      }
      if (Object.keys(pairs).length > 0) place.metadata = pairs;
    }
    return [place];
  };
}

function isRfc3339(text: string): boolean {
  return /^\d{4}-\d\d-\d\d[Tt]/.test(text);
}

function currencyCode(text: string): string {
  return text.toUpperCase();
}

/** Zeros after the point do not change a quantity: "3.0" is 3. */
function wholeNumber(text: string): number {
  if (!/^-?\d+(?:\.0*)?$/.test(text)) throw new Refused(`"${shortened(text)}" is not a whole number`);
  return Number(text);
}

function splitter(separators: string): (text: string) => string[] {
  const pattern = new RegExp(`[${separators.replace(/[\\\]^-]/g, '\\$&')}]`);
  return (text) =>
    text
      .split(pattern)
      .map((id) => id.trim())
      .filter(Boolean);
}
