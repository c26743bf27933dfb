import { type AdjustmentType, adjustmentTypes } from '../../orders/event-data.js';
import type { Cells } from './cells.js';
import type { Charges, CsvMapping } from './csv-mapping.js';
import type { FieldReaders } from './field-readers.js';

/** Returns the kind of the adjustment that a row is, or undefined for an article. */
export type ReadCharge = (row: Cells) => AdjustmentType | undefined;

export function chargeReader({ charges }: CsvMapping, fields: FieldReaders): ReadCharge {
  const itemId = fields.text('item_id');
  if (charges.size === 0 || !itemId) return () => undefined;
  return (row) => charges.get((itemId(row) ?? '').toLowerCase());
}

/**
 * Splits the rows of an order into articles and charges. An order has at least one line: charges
 * alone are its lines.
 */
export function chargeSplitter(
  mapping: CsvMapping,
  fields: FieldReaders,
): (rows: readonly Cells[]) => [sold: readonly Cells[], charges: readonly Cells[]] {
  const chargeOf = chargeReader(mapping, fields);
  if (mapping.charges.size === 0) return (rows) => [rows, []];
  return (rows) => {
    const articles = rows.filter((row) => chargeOf(row) === undefined);
    return articles.length === 0 ? [rows, []] : [articles, rows.filter((row) => chargeOf(row) !== undefined)];
  };
}

/**
 * Makes the charges of codes by their kind, several in one text, separated by `|`. Throws Error
 * with a message for the user.
 */
export function chargesOf(codes: Iterable<readonly [type: string, codes: string]>): Charges {
  const charges = new Map<string, AdjustmentType>();
  for (const [name, text] of codes) {
    const type = adjustmentTypes.find((one) => one === name);
    if (!type) throw new Error(`--charges: "${name}" is not one of ${adjustmentTypes.join(', ')}`);
    for (const code of text.split('|')) if (code.trim() !== '') charges.set(code.trim().toLowerCase(), type);
  }
  return charges;
}
