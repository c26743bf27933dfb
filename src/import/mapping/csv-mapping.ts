import type { AdjustmentType } from '../../orders/event-data.js';
import type { NumberFormat } from '../formats/number-format.js';
import { fieldOf, type TransactionKind, transactionIds, transactionKinds } from './fields.js';
import type { TaxMode } from './order-money.js';
import type { Step } from './states.js';

/** The adjustment of each code that is no article. Codes are in lower case. */
export type Charges = ReadonlyMap<string, AdjustmentType>;

/** How the columns of a CSV file become orders. */
export interface CsvMapping {
  /** The column of each field. */
  readonly columns: ReadonlyMap<string, string>;
  /** The value of each field that is the same in all orders. */
  readonly constants: ReadonlyMap<string, string>;
  /** The value of each field whose cell is empty. */
  readonly defaults: ReadonlyMap<string, string>;
  /** The second column of a field, for rows in which the first is empty. */
  readonly fallbacks: ReadonlyMap<string, string>;
  /** Texts of a field that mean an empty cell. */
  readonly emptyTexts?: ReadonlyMap<string, readonly string[]>;
  /** Fields whose numbers some programs write with a decimal, as in 17850.0. */
  readonly integerTexts?: ReadonlySet<string>;
  /** The formats of times in the file, tried in this order. None for RFC 3339. */
  readonly dateFormats: readonly string[];
  /** Whether these formats are those of a preset. */
  readonly presumesDates?: boolean;
  /** The IANA zone of times without an offset. Undefined for UTC. */
  readonly timeZone: string | undefined;
  readonly numbers: NumberFormat;
  /** The characters between the ids of `item_ids`. */
  readonly itemSeparators: string;
  /** The column whose value identifies an order. Undefined if the number of its line does. */
  readonly keyColumn: string | undefined;
  /** The column whose value groups rows into one order. Undefined if each row is an order. */
  readonly groupColumn: string | undefined;
  /** Whether the file has the total of an order, or its rows are summed. */
  readonly totalMode: 'given' | 'computed';
  readonly taxMode: TaxMode;
  /** Whether negative rows are refused or are returns. */
  readonly returns: 'refused' | 'negative';
  /** The codes in the column of `item_id` that are no articles, but adjustments. */
  readonly charges: Charges;
  /** Fields of an order that the first row decides if its rows disagree. */
  readonly firstRow: ReadonlySet<string>;
  /** Whether a state without a date takes the last date that the order has. */
  readonly undated: boolean;
  /** The meaning of states that are not known, or differ in this file: a step, or none. */
  readonly states: ReadonlyMap<string, Step | null>;
  /** Whether a step that is dated before one that it depends on takes that one's date. */
  readonly movesEarlySteps: boolean;
}

/** The characters between the ids of `item_ids`, unless --item-separator says otherwise. */
export const itemSeparators = '|;';

/** Whether a column, or a value for all orders, fills a field. */
export function isGiven({ columns, constants, defaults }: CsvMapping, field: string): boolean {
  return columns.has(field) || constants.has(field) || defaults.has(field);
}

/** The kinds of transactions of which an order may have several, because an id tells them apart. */
export function identifiedKinds(mapping: CsvMapping): TransactionKind[] {
  return transactionKinds.filter((kind) => isGiven(mapping, transactionIds[kind]));
}

/** Checks that every needed field has a value. Throws Error with a message for the user. */
export function checkFields(mapping: CsvMapping): void {
  const { columns, constants, defaults } = mapping;
  const has = (field: string) => isGiven(mapping, field);
  for (const field of constants.keys()) {
    for (const [option, others] of [
      ['--map', columns],
      ['--default', defaults],
    ] as const) {
      if (others.has(field))
        throw new Error(`${field} is in both --set and ${option}: for empty cells, use --default alone`);
    }
  }
  if (!has('user_id')) throw new Error('user_id is not mapped: add it to --map, or --set user_id=guest');
  if (!has('total_amount') && mapping.totalMode !== 'computed')
    throw new Error('total_amount is not mapped: add it to --map, or --total computed for the sum of the rows');
  if (has('return_of')) checkReturns(mapping);
  if (has('refund_id') && mapping.returns === 'negative')
    throw new Error('the refund of a return is in its rows: leave out refund_id, or --returns negative');
  const paymentIds = columns.get('payment_id');
  if (paymentIds !== undefined && paymentIds === columns.get('refund_id'))
    throw new Error(
      `payment_id and refund_id are both "${paymentIds}", so each payment would be a refund too: --map refund_id ` +
        'to a column that is empty beside payments, and payment_id to one that is empty beside refunds',
    );
  if (mapping.groupColumn !== undefined && has('item_ids'))
    throw new Error('with --group-by each row is a line of the order: map item_id, not item_ids');
  if (has('item_id') === has('item_ids'))
    throw new Error('map either item_id (with quantity) or item_ids, in --map or --set');
  if (!has('occurred_at')) {
    throw new Error('occurred_at is not mapped: add the column of the date to --map, or --set occurred_at=now');
  }
  if (!has('currency')) {
    throw new Error(
      'currency is not mapped: add its column to --map, or the code of all orders, as in --set currency=EUR',
    );
  }
}

/** An order is found by the number that groups its rows: that number is the key. */
function checkReturns({ returns, groupColumn, keyColumn, columns }: CsvMapping): void {
  if (returns !== 'negative')
    throw new Error('return_of is mapped: set --returns negative, which makes returns of negative rows');
  if (groupColumn === undefined || (keyColumn !== undefined && keyColumn !== groupColumn)) {
    throw new Error('return_of names orders by the column of --group-by: set --group-by COLUMN, and no other --key');
  }
  if (columns.has('order_id')) {
    throw new Error('return_of finds orders by ids that are made from --group-by: leave out order_id, or return_of');
  }
}

/**
 * Finds the columns of a mapping in the file's header. Throws Error with a message for the user.
 * @param hint names other options that the file may need, such as another delimiter.
 */
export function columnIndexes(
  mapping: CsvMapping,
  header: readonly string[],
  hint: string,
): ReadonlyMap<string, number> {
  const indexes = new Map<string, number>();
  const wanted = [...mapping.columns].map(([field, column]): [option: string, column: string] => [
    `--map ${field}=${column}`,
    column,
  ]);
  for (const [field, column] of mapping.fallbacks) wanted.push([`--map ${field}=${column}`, column]);
  for (const [option, column] of [
    ['--key', mapping.keyColumn],
    ['--group-by', mapping.groupColumn],
  ] as const) {
    if (column !== undefined) wanted.push([`${option} ${column}`, column]);
  }
  for (const [option, column] of wanted) {
    const first = header.indexOf(column);
    const numbered = /^#([1-9]\d{0,3})$/.exec(column);
    const index = first === -1 && numbered ? Number(numbered[1]) - 1 : first;
    if (index < 0 || index >= header.length) {
      throw new Error(
        `${option}: the file has no column "${column}"; ${described(header)}${similar(column, header)}${hint}`,
      );
    }
    if (first !== -1 && header.includes(column, first + 1)) {
      const second = header.indexOf(column, first + 1);
      throw new Error(
        `${option}: the columns ${first + 1} and ${second + 1} of the file are both named "${column}"; ` +
          `name one by its number, as in #${first + 1}`,
      );
    }
    indexes.set(column, index);
  }
  return indexes;
}

/** Columns that a message lists at most. */
const shownColumns = 100;

/** The columns of a file, for messages. */
export function described(header: readonly string[]): string {
  const shown = header.slice(0, shownColumns).join(', ').slice(0, 2_000);
  return header.length === 1 ? `its only column is "${shown}"` : `it has ${shown}`;
}

/** Names a column that differs from a wanted one only in case, blanks or punctuation. */
function similar(wanted: string, header: readonly string[]): string {
  const plain = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  const found = header.find((column) => plain(column) !== '' && plain(column) === plain(wanted));
  return found === undefined ? '' : `. Did you mean "${found.slice(0, 100)}"?`;
}

/** The column whose value identifies an order: that of --key, otherwise that of --group-by. */
export function keyColumnOf({ keyColumn, groupColumn }: CsvMapping): string | undefined {
  return keyColumn ?? groupColumn;
}

/** The columns of which the first row decides, although the rows of an order may disagree. */
export function firstRowColumns({ columns, firstRow }: CsvMapping): Set<string> {
  return new Set([...columns].filter(([field]) => firstRow.has(field)).map(([, column]) => column));
}

/** The columns whose values belong to the whole order, not to a line or to one of its payments. */
export function orderColumns(mapping: CsvMapping): Set<string> {
  const { keyColumn, groupColumn } = mapping;
  const identified: readonly (TransactionKind | undefined)[] = identifiedKinds(mapping);
  const found = columnsOf(mapping, (field) => {
    const { perLine, transaction } = fieldOf(field) ?? {};
    return !perLine && (transaction === undefined || !identified.includes(transaction));
  });
  for (const column of [keyColumn, groupColumn]) if (column !== undefined) found.add(column);
  return found;
}

/** The columns whose values belong to a line. */
export function lineColumns(mapping: CsvMapping): Set<string> {
  return columnsOf(mapping, (field) => fieldOf(field)?.perLine ?? false);
}

/** The columns of a line that hold texts, such as the article. */
export function textColumnsOfLines(mapping: CsvMapping): Set<string> {
  return columnsOf(mapping, (field) => {
    const { perLine, kind } = fieldOf(field) ?? {};
    return Boolean(perLine) && kind === 'text';
  });
}

/** The columns whose values belong to a payment, or to a refund. */
export function transactionColumns(mapping: CsvMapping, kind: TransactionKind): Set<string> {
  return columnsOf(mapping, (field) => fieldOf(field)?.transaction === kind);
}

function columnsOf({ columns, fallbacks }: CsvMapping, isWanted: (field: string) => boolean): Set<string> {
  return new Set([...columns, ...fallbacks].filter(([field]) => isWanted(field)).map(([, column]) => column));
}
