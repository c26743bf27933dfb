import type { FileTime } from '../formats/date-format.js';
import { shortened } from '../formats/number-format.js';
import { Refused } from '../refused.js';
import {
  type DatedTransaction,
  datedTransactions,
  isMoney,
  refuseBelowZero,
  type TransactionCells,
  type Transactions,
  transactionCells,
} from '../transactions/transaction-cells.js';
import type { Cells, ReadCell } from './cells.js';
import type { CsvMapping } from './csv-mapping.js';
import type { FieldReaders } from './field-readers.js';
import { type Step, stepOf, steps } from './states.js';

/** The cells of a mapping that lead to commands after the placing. */
export interface LifeCycleCells {
  readonly times: ReadonlyMap<Step, ReadCell<FileTime>>;
  readonly states: readonly { readonly field: string; readonly read: ReadCell<string> }[];
  readonly paidAmount: ReadCell<string> | undefined;
  readonly refundedAmount: ReadCell<string> | undefined;
  /** The amount that is still due by the file. */
  readonly outstandingAmount: ReadCell<string> | undefined;
  /** Payments and refunds that an id tells apart. */
  readonly transactions: readonly TransactionCells[];
  /** Further fields of a command, such as a reason. */
  readonly details: ReadonlyMap<Step, readonly Detail[]>;
  /** Whether a state without a date takes the last time that the row has. */
  readonly undated: boolean;
  readonly meanings: ReadonlyMap<string, Step | null>;
  readonly movesEarlySteps: boolean;
  /** Whether the file has no such cells: then orders are only placed. */
  readonly isEmpty: boolean;
}

/** The life-cycle cells of a mapping. */
export function lifeCycleCells(
  mapping: CsvMapping,
  fields: FieldReaders,
  indexOf: (column: string) => number,
): LifeCycleCells {
  const { undated, states: meanings, movesEarlySteps } = mapping;
  const times = new Map<Step, ReadCell<FileTime>>();
  for (const step of steps) {
    const read = fields.time(`${step}_at`);
    if (read) times.set(step, read);
  }
  const stateCells = ['status', 'payment_status'].flatMap((field) => {
    const read = fields.text(field);
    return read ? [{ field, read }] : [];
  });
  const [paidAmount, refundedAmount] = [fields.number('paid_amount'), fields.number('refunded_amount')];
  const detail = (name: string, field: string) => {
    const read = fields.text(field);
    return read ? [{ name, read }] : [];
  };
  const details = new Map<Step, Detail[]>([
    ['paid', detail('payment_reference', 'payment_reference')],
    ['shipped', [...detail('carrier', 'carrier'), ...detail('tracking_number', 'tracking_number')]],
    ['cancelled', detail('reason', 'cancel_reason')],
    ['refunded', detail('reason', 'refund_reason')],
  ]);
  const transactions = transactionCells(mapping, fields, indexOf);
  const hasMoney = Boolean(paidAmount ?? refundedAmount) || transactions.length > 0;
  const isEmpty = times.size === 0 && stateCells.length === 0 && !hasMoney;
  return {
    times,
    states: stateCells,
    paidAmount,
    refundedAmount,
    outstandingAmount: fields.number('outstanding_amount'),
    transactions,
    details,
    undated,
    meanings,
    movesEarlySteps,
    isEmpty,
  };
}

export interface Detail {
  readonly name: string;
  readonly read: ReadCell<string>;
}

/** Whether a step has an amount, which is 0. */
export function movesNothing({ paidAmount, refundedAmount }: LifeCycleCells, step: Step, cells: Cells): boolean {
  const amount = step === 'paid' ? paidAmount?.(cells) : step === 'refunded' ? refundedAmount?.(cells) : undefined;
  return amount !== undefined && !isMoney(amount);
}

export interface TimesOfOrder {
  /** The time of each step; of several payments or refunds, that of the first. */
  readonly times: Map<Step, string>;
  /** The payments and refunds that an id tells apart. */
  readonly dated: ReadonlyMap<Step, readonly DatedTransaction[]>;
}

/**
 * Reads when the steps of an order happened. Throws Refused if a state or an amount has no date, or
 * an amount is below 0.
 */
export function timesOf(
  life: LifeCycleCells,
  cells: Cells,
  { placedAt, isFree }: { readonly placedAt: string | undefined; readonly isFree: boolean },
  transactions: Transactions,
): TimesOfOrder {
  const times = new Map<Step, string>();
  for (const [step, read] of life.times) {
    const time = read(cells);
    const isIdentified = life.transactions.some((reader) => reader.step === step);
    if (time !== undefined && (isIdentified || !movesNothing(life, step, cells))) times.set(step, time.utc);
  }
  const ofTransactions = life.transactions.flatMap(({ kind, time }) =>
    transactions[kind].flatMap((one) => time?.(one.cells)?.utc ?? []),
  );
  const last = [...times.values(), ...ofTransactions, ...(placedAt === undefined ? [] : [placedAt])].sort().at(-1);
  const dated = new Map<Step, readonly DatedTransaction[]>();
  for (const reader of life.transactions) {
    const orderTime = times.get(reader.step) ?? (life.undated ? last : undefined);
    const found = datedTransactions(reader, transactions[reader.kind], orderTime, isFree);
    dated.set(reader.step, found);
    const [first] = found.map(({ time }) => time).sort();
    if (first !== undefined) times.set(reader.step, first);
  }
  const [paid, refunded] = [life.paidAmount?.(cells), life.refundedAmount?.(cells)];
  refuseBelowZero('payment', 'paid_amount', paid);
  refuseBelowZero('refund', 'refunded_amount', refunded);
  const undated = (step: Step, why: string) => {
    if (times.has(step)) return;
    if (!life.undated || last === undefined) {
      throw new Refused(`${why}, but no date for it (${step}_at): map its column, or set --undated last-known`);
    }
    times.set(step, last);
  };
  for (const { field, read } of life.states) {
    const text = read(cells);
    if (text === undefined) continue;
    const step = stepOf(text, life.meanings);
    if (step === undefined) {
      throw new Refused(`${field}: the state "${shortened(text)}" is unknown: set --states STATE=STEP, or STATE=none`);
    }
    if (step !== null) undated(step, `${field} is "${text}"`);
  }
  if (refunded !== undefined && isMoney(refunded)) undated('refunded', `refunded_amount is ${refunded}`);
  if (paid !== undefined && isMoney(paid)) undated('paid', `paid_amount is ${paid}`);
  return { times, dated };
}
