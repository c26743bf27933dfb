import type { SpilledRow } from '../grouping/spilled-rows.js';
import { namesNoOrder } from '../mapping/items-reader.js';
import { SetAside } from '../refused.js';

/** The rules that tell returns among the rows of an order. */
export interface ReturnRules {
  /** Whether the quantity or the price of a row is below zero. */
  readonly isNegative: (row: SpilledRow) => boolean;
  /** Whether a row is a charge, such as a discount, and not an article. */
  readonly isCharge: (row: SpilledRow) => boolean;
  /** The number of a row, which differs from its key if it names the order that it returns. */
  readonly numberOf: (row: SpilledRow) => string;
  /** The text of a row's time, or an empty one. */
  readonly timeOf: (row: SpilledRow) => string;
}

export interface SplitRows {
  readonly sold: readonly SpilledRow[];
  /** The rows of each return: those with one number of their own, or with one time. */
  readonly returns: readonly ReturnedRows[];
}

export interface ReturnedRows {
  /** Undefined if the rows have the number of the order. */
  readonly number: string | undefined;
  readonly rows: readonly SpilledRow[];
}

/**
 * Splits the rows of an order into those that were sold and those that came back. Throws SetAside
 * if they are a return that names no order.
 */
export function splitReturns(rows: readonly SpilledRow[], rules: ReturnRules): SplitRows {
  const isNamed = (row: SpilledRow) => rules.numberOf(row) !== row.key;
  const negative = new Set(rows.filter((row) => isNamed(row) || rules.isNegative(row)));
  if (negative.size === 0) return { sold: rows, returns: [] };
  // Without an article that is sold, charges belong to the return, as on a credit note.
  const sells = rows.some((row) => !negative.has(row) && !rules.isCharge(row));
  if (!sells && !rows.some(isNamed)) throw new SetAside(namesNoOrder);
  // A discount is a negative row of what was sold.
  const isReturned = (row: SpilledRow) => isNamed(row) || !sells || (negative.has(row) && !rules.isCharge(row));
  const returns = new Map<string, { readonly number: string | undefined; readonly rows: SpilledRow[] }>();
  for (const row of rows.filter(isReturned)) {
    const number = isNamed(row) ? rules.numberOf(row) : undefined;
    const name = number === undefined ? `at ${rules.timeOf(row)}` : `number ${number}`;
    const known = returns.get(name);
    if (known) known.rows.push(row);
    else returns.set(name, { number, rows: [row] });
  }
  return { sold: rows.filter((row) => !isReturned(row)), returns: [...returns.values()] };
}
