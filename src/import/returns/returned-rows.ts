import type { Cells } from '../mapping/cells.js';
import type { CsvMapping } from '../mapping/csv-mapping.js';
import type { FieldReaders } from '../mapping/field-readers.js';
import { Refused } from '../refused.js';

/** Tells returns among the rows of a file, for `--returns negative`. */
export interface ReturnedRows {
  /** Whether the quantity or the price of a row is below zero. */
  readonly isNegative: (cells: Cells) => boolean;
  /** The number of the order that a negative row names as the one that it returns. */
  readonly orderOf: (cells: Cells) => string | undefined;
}

const noReturns: ReturnedRows = { isNegative: () => false, orderOf: () => undefined };

/** Without `--returns negative`, no row is a return: negative ones are refused. */
export function returnedRows({ returns }: CsvMapping, fields: FieldReaders): ReturnedRows {
  if (returns !== 'negative') return noReturns;
  const quantity = fields.quantity('quantity');
  const unitPrice = fields.number('unit_price');
  const returnOf = fields.text('return_of');
  // A cell that cannot be read is refused with its order, when that is read.
  const isBelowZero = (read: ((cells: Cells) => string | number | undefined) | undefined, cells: Cells) => {
    try {
      return Number(read?.(cells) ?? 0) < 0;
    } catch (error) {
      if (error instanceof Refused) return false;
      throw error;
    }
  };
  const isNegative = (cells: Cells) => isBelowZero(quantity, cells) || isBelowZero(unitPrice, cells);
  return { isNegative, orderOf: (cells) => (returnOf && isNegative(cells) ? returnOf(cells) : undefined) };
}
