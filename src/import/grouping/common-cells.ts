import { shortened } from '../formats/number-format.js';
import type { Warnings } from '../mapping/warnings.js';
import { Refused } from '../refused.js';
import type { SpilledRow } from './spilled-rows.js';

/** The columns of grouped rows. */
export interface GroupedColumns {
  /** The column of each cell of a row. */
  readonly columns: readonly string[];
  /** The columns of which the first row decides if rows disagree. */
  readonly firstRowColumns: ReadonlySet<string>;
  /**
   * By column, the field that is not mapped but would tell several of its values apart, such as
   * `payment_id`.
   */
  readonly idsOf: ReadonlyMap<string, string>;
  readonly warnings: Warnings;
}

/**
 * The cells that rows have in common: the rows must agree about them, except that a row may leave
 * them empty. Cells of other columns are empty. Throws Refused if two rows disagree.
 * @param wanted the columns to read.
 * @param of what the rows belong to, for messages.
 * @param remedy an option for rows that disagree, for messages.
 */
export function commonCells(
  { columns, firstRowColumns, idsOf, warnings }: GroupedColumns,
  rows: readonly SpilledRow[],
  wanted: ReadonlySet<string>,
  of = 'one order',
  remedy = ', unless --first-row names the field',
): string[] {
  return columns.map((column, index) => {
    if (!wanted.has(column)) return '';
    let first: SpilledRow | undefined;
    for (const row of rows) {
      const cell = row.cells[index]?.trim() ?? '';
      const common = first?.cells[index]?.trim();
      if (cell === '' || cell === common) continue;
      if (first && common !== undefined) {
        if (firstRowColumns.has(column)) {
          warnings.add(`the first row of an order decides about column "${column}", others disagree`, row.line);
          continue;
        }
        const id = idsOf.get(column);
        const several = id === undefined ? '' : `, or ${id}=COLUMN is mapped to tell several apart`;
        throw new Refused(
          `column "${column}" has "${shortened(common)}" in line ${first.line} and "${shortened(cell)}" in line ${row.line}: ` +
            `the rows of ${of} must agree${remedy}${several}`,
        );
      }
      first = row;
    }
    return first?.cells[index] ?? '';
  });
}
