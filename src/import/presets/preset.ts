import type { AdjustmentType } from '../../orders/event-data.js';
import type { Step } from '../mapping/states.js';

/** How a shop's own export becomes orders. */
export interface Preset {
  /** Also the source of its orders, unless --source names another. */
  readonly name: string;
  /** The export that it reads, in a few words. */
  readonly reads: string;
  /** The column of the order's number; several names are alternatives. */
  readonly groupBy: readonly string[];
  /** The columns of each field: the first that the file has is taken. */
  readonly columns: Readonly<Record<string, readonly string[]>>;
  /**
   * Columns of amounts in another currency, and of that currency. They replace those of their
   * fields if the total is one of them, so that an order never has amounts of both.
   */
  readonly baseColumns?: Readonly<Record<string, readonly string[]>>;
  /**
   * Columns of `unit_price` whose prices already have the discount taken off. If the file has one,
   * the discount is left out.
   */
  readonly discountedPrices?: readonly string[];
  /** The columns of payments, which are read only if the file has that of `payment_id`. */
  readonly payments?: Readonly<Record<'payment_id' | 'paid_amount', readonly string[]>>;
  /** A second column of a field, for rows in which the first is empty. */
  readonly fallbacks?: Readonly<Record<string, readonly string[]>>;
  /** Texts of a field that mean an empty cell, such as the customer number of guests. */
  readonly emptyTexts?: Readonly<Record<string, readonly string[]>>;
  /** Fields whose numbers some programs write with a decimal, as in 17850.0. */
  readonly integerTexts?: readonly string[];
  /** Columns of states, which are read only with --undated: they have no dates. */
  readonly states?: Readonly<Record<string, readonly string[]>>;
  /** The meaning of states that only this export has; null if no step leads to it. */
  readonly meanings?: Readonly<Record<string, Step | null>>;
  readonly constants?: Readonly<Record<string, string>>;
  readonly defaults?: Readonly<Record<string, string>>;
  readonly dateFormats: readonly string[];
  /** Whether totals are computed from the rows: the export has none. */
  readonly computesTotal?: boolean;
  /** Whether negative rows are returns. */
  readonly hasReturns?: boolean;
  /** The codes of rows that are no articles, by the adjustment that they are. */
  readonly charges?: Readonly<Partial<Record<AdjustmentType, readonly string[]>>>;
  /** Fields that the first row of an order decides: rows of the export are known to disagree. */
  readonly firstRow?: readonly string[];
}
