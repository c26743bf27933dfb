import { Refused, SetAside } from '../refused.js';
import type { Cells } from './cells.js';
import type { CsvMapping } from './csv-mapping.js';
import type { FieldReaders } from './field-readers.js';

/**
 * A line of an order. Its fields are in alphabetical order, so that hashing the command need not
 * sort them.
 */
export interface ItemLine {
  readonly item_id: string | undefined;
  readonly line_id?: string;
  readonly quantity: number;
  readonly unit_price?: string;
}

/** Returns the reader of a row's line. */
export function lineReader(fields: FieldReaders): (row: Cells) => ItemLine {
  const itemId = fields.text('item_id');
  const lineId = fields.text('line_id');
  const quantity = fields.quantity('quantity');
  const unitPrice = fields.number('unit_price');
  return (row) => {
    const item = { item_id: itemId?.(row), quantity: quantity?.(row) ?? 1 };
    const price = unitPrice?.(row);
    const id = lineId?.(row);
    if (id !== undefined) return { item_id: item.item_id, line_id: id, quantity: item.quantity, ...priced(price) };
    return price === undefined ? item : { ...item, unit_price: price };
  };
}

/** The reason why negative rows that name no order are listed. */
export const namesNoOrder = 'a return that names no order';

/**
 * Returns the reader of an order's lines, one per row. It throws SetAside if a quantity is negative
 * and --returns negative allows that: the order is a return.
 */
export function itemsReader({ returns }: CsvMapping, fields: FieldReaders): (rows: readonly Cells[]) => ItemLine[] {
  const readLine = lineReader(fields);
  return (rows) => {
    const items = rows.map(readLine);
    if (!items.some(({ quantity }) => quantity < 0)) return items;
    if (returns !== 'negative')
      throw new Refused('the quantity is negative: if that is a return, set --returns negative');
    throw new SetAside(namesNoOrder);
  };
}

function priced(unit_price: string | undefined) {
  return unit_price === undefined ? {} : { unit_price };
}
