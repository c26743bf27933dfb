import type { FileTime } from '../formats/date-format.js';
import { shortened } from '../formats/number-format.js';
import { Refused } from '../refused.js';
import { at, type Command, type OrderReturn, returnCommands } from '../returns/return-commands.js';
import {
  type DatedTransaction,
  datedTransactions,
  isMoney,
  type TransactionCells,
  type Transactions,
  transactionCells,
  transactionKey,
} from '../transactions/transaction-cells.js';
import type { Cells, ReadCell } from './cells.js';
import type { CsvMapping } from './csv-mapping.js';
import type { FieldReaders } from './field-readers.js';
import { type Step, stepOf, steps } from './states.js';

/** The command of each step. */
const commands: Readonly<Record<Step, string>> = {
  paid: 'pay',
  processed: 'process',
  shipped: 'ship',
  delivered: 'deliver',
  cancelled: 'cancel',
  refunded: 'refund',
};

/**
 * The step that each step presupposes. If the file does not date it, it takes the time of the later
 * one.
 */
const presupposed: Partial<Record<Step, Step>> = { refunded: 'paid', delivered: 'shipped', shipped: 'processed' };

/** The cells of a mapping that lead to commands after the placing. */
export interface LifeCycleCells {
  readonly times: ReadonlyMap<Step, ReadCell<FileTime>>;
  readonly states: readonly { readonly field: string; readonly read: ReadCell<string> }[];
  readonly paidAmount: ReadCell<string> | undefined;
  readonly refundedAmount: ReadCell<string> | undefined;
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
    transactions,
    details,
    undated,
    meanings,
    movesEarlySteps,
    isEmpty,
  };
}

interface Detail {
  readonly name: string;
  readonly read: ReadCell<string>;
}

/** The order that the commands belong to. */
export interface LifeOfOrder {
  readonly id: string;
  /** The idempotency key of the order. */
  readonly key: string;
  readonly placedAt: string | undefined;
  readonly isFree: boolean;
  /** Called if a step takes another date than the file has. */
  readonly onMoved: () => void;
}

/**
 * Makes the commands that follow `place`, in the order of their times. Each has a key of its own,
 * so a row that has grown adds only its new steps. A return presupposes that the order was shipped,
 * and its refund that it was paid. Throws Refused if a state has no date.
 */
export function lifeCycle(
  life: LifeCycleCells,
  cells: Cells,
  order: LifeOfOrder,
  returns: readonly OrderReturn[],
  transactions: Transactions,
): Command[] {
  const { times, dated: several } = timesOf(life, cells, order, transactions);
  const earliest = (some: readonly OrderReturn[]) => some.map(({ time }) => time).sort()[0];
  const presuppose = (step: Step, time: string | undefined) => {
    if (time !== undefined && !times.has(step)) times.set(step, time);
  };
  presuppose('shipped', earliest(returns.filter(({ items }) => items.length > 0)));
  presuppose('paid', earliest(returns.filter(({ amount }) => amount !== '0')));
  for (const step of [...steps].reverse()) {
    const needed = presupposed[step];
    if (needed) presuppose(needed, times.get(step));
  }
  if (life.movesEarlySteps) moveEarlySteps(times, order, new Set(several.keys()));
  // An order of 0 is paid as it is: there is nothing to pay.
  if (order.isFree && life.paidAmount?.(cells) === undefined && !several.get('paid')?.length) times.delete('paid');
  for (const reader of life.transactions)
    dropUnidentified(reader, times, transactions, several, movesNothing(life, reader.step, cells));
  const dated = steps.flatMap((step) => {
    const own = times.get(step);
    if (own === undefined) return [];
    return (several.get(step) ?? [{ id: undefined, cells, time: own }]).map((one) => {
      const earliestTime = notBefore(step, new Map([...times, [step, one.time]]));
      const time = life.movesEarlySteps ? latest(one.time, order.placedAt ?? '', earliestTime) : one.time;
      if (time !== one.time) order.onMoved();
      return { after: earliestTime, command: stepCommand(life, one.cells, order, step, time, one.id) };
    });
  });
  for (const one of returns) {
    const commands = returnCommands(order, one);
    const shipped = one.items.length === 0 ? '' : notBefore('shipped', times);
    dated.push(...commands.map((command) => ({ after: latest(one.time, shipped), command })));
  }
  return dated.sort((a, b) => (a.after < b.after ? -1 : a.after > b.after ? 1 : 0)).map(({ command }) => command);
}

/**
 * A payment without an id would be recorded once more when the file has its id. Throws Refused if
 * the order was paid, or money was given back, and no row says by which payment or refund.
 * @param isZero whether the amount of rows without an id is 0.
 */
function dropUnidentified(
  { kind, step, names }: TransactionCells,
  times: Map<Step, string>,
  transactions: Transactions,
  dated: ReadonlyMap<Step, readonly DatedTransaction[]>,
  isZero: boolean,
): void {
  if (dated.get(step)?.length) return;
  if (times.has(step) && transactions[kind].length === 0 && !isZero) {
    throw new Refused(
      `the order has a ${kind} (${names.time}), but ${names.id} is empty in its rows: fill it in, or set --default ${names.id}=VALUE`,
    );
  }
  // All that the file has of it is 0.
  times.delete(step);
}

/**
 * A step before the placing, or before the step that it presupposes, takes that one's time.
 * @param counted the steps whose moves are reported one by one.
 */
function moveEarlySteps(
  times: Map<Step, string>,
  { placedAt = '', onMoved }: LifeOfOrder,
  counted: ReadonlySet<Step>,
): void {
  for (const step of steps) {
    const time = times.get(step);
    const needed = presupposed[step];
    const floor = latest(placedAt, needed === undefined ? '' : (times.get(needed) ?? ''));
    if (time === undefined || time >= floor) continue;
    times.set(step, floor);
    if (!counted.has(step)) onMoved();
  }
}

/** @param id the id of a payment or refund, if the file tells several apart. */
function stepCommand(
  life: LifeCycleCells,
  cells: Cells,
  order: LifeOfOrder,
  step: Step,
  time: string,
  id: string | undefined,
): Command {
  const line: Record<string, unknown> = {
    command: commands[step],
    order_id: order.id,
    idempotency_key: `${order.key}/${step}${id === undefined ? '' : `/${transactionKey(id)}`}`,
    ...at(time),
  };
  // The file says that the money arrived: that is recorded whatever is due.
  if (step === 'paid') line.already_received = true;
  if (step === 'cancelled' || step === 'refunded') line.reason = 'imported';
  const amount = step === 'paid' ? life.paidAmount : step === 'refunded' ? life.refundedAmount : undefined;
  for (const { name, read } of [{ name: 'amount', read: amount }, ...(life.details.get(step) ?? [])]) {
    const value = read?.(cells);
    if (value !== undefined) line[name] = value;
  }
  // Two payments with ids of their own are two, although reference and amount may be equal.
  if (id !== undefined && line.payment_reference !== undefined) line.another = true;
  return line;
}

function latest(...times: readonly string[]): string {
  return [...times].sort().at(-1) ?? '';
}

/** The time of a step, or that of one that it presupposes if that is later. */
function notBefore(step: Step, times: ReadonlyMap<Step, string>): string {
  const own = times.get(step) ?? '';
  const needed = presupposed[step];
  const earliest = needed === undefined ? '' : notBefore(needed, times);
  return latest(own, earliest);
}

/** Whether a step has an amount, which is 0. */
function movesNothing({ paidAmount, refundedAmount }: LifeCycleCells, step: Step, cells: Cells): boolean {
  const amount = step === 'paid' ? paidAmount?.(cells) : step === 'refunded' ? refundedAmount?.(cells) : undefined;
  return amount !== undefined && !isMoney(amount);
}

interface TimesOfOrder {
  /** The time of each step; of several payments or refunds, that of the first. */
  readonly times: Map<Step, string>;
  /** The payments and refunds that an id tells apart. */
  readonly dated: ReadonlyMap<Step, readonly DatedTransaction[]>;
}

function timesOf(
  life: LifeCycleCells,
  cells: Cells,
  { placedAt, isFree }: LifeOfOrder,
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
  const refunded = life.refundedAmount?.(cells);
  if (refunded !== undefined && isMoney(refunded)) undated('refunded', `refunded_amount is ${refunded}`);
  const paid = life.paidAmount?.(cells);
  if (paid !== undefined && isMoney(paid)) undated('paid', `paid_amount is ${paid}`);
  return { times, dated };
}
