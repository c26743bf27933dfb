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

/**
 * Returns the reader of an order's lines, one per row. It throws SetAside if the order is a return:
 * all of its quantities are negative, and --returns negative allows that.
 */
export function itemsReader({ returns }: CsvMapping, fields: FieldReaders): (rows: readonly Cells[]) => ItemLine[] {
  const itemId = fields.text('item_id');
  const lineId = fields.text('line_id');
  const quantity = fields.quantity('quantity');
  const unitPrice = fields.number('unit_price');
  return (rows) => {
    const items = rows.map((row) => {
      const item = { item_id: itemId?.(row), quantity: quantity?.(row) ?? 1 };
      const price = unitPrice?.(row);
      const id = lineId?.(row);
      if (id !== undefined) return { item_id: item.item_id, line_id: id, quantity: item.quantity, ...priced(price) };
      return price === undefined ? item : { ...item, unit_price: price };
    });
    const negative = items.filter((item) => item.quantity < 0).length;
    if (negative === 0) return items;
    if (returns !== 'negative')
      throw new Refused('the quantity is negative: if that is a return, set --returns negative');
    if (negative === items.length) throw new SetAside('a return that names no order');
    throw new Refused('the order has positive and negative quantities: correct the file, and return items by the API');
  };
}

function priced(unit_price: string | undefined) {
  return unit_price === undefined ? {} : { unit_price };
}
