import { decimal, decimalText } from '../formats/decimal.js';
import { Refused } from '../refused.js';
import { at, type Command, type OrderReturn, returnCommands } from '../returns/return-commands.js';
import {
  type DatedTransaction,
  isMoney,
  type TransactionCells,
  type Transactions,
  transactionKey,
} from '../transactions/transaction-cells.js';
import type { Cells } from './cells.js';
import { type LifeCycleCells, movesNothing, timesOf } from './life-cycle-cells.js';
import { type Step, steps } from './states.js';

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

/** The order that the commands belong to. */
export interface LifeOfOrder {
  readonly id: string;
  /** The idempotency key of the order. */
  readonly key: string;
  readonly placedAt: string | undefined;
  readonly total: string;
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
  const paidAt = several.has('paid') ? undefined : times.get('paid');
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
  const isLess = times.has('refunded') || times.has('cancelled') || returns.length > 0;
  const dated = steps.flatMap((step) => {
    const own = times.get(step);
    if (own === undefined) return [];
    return (several.get(step) ?? [{ id: undefined, cells, time: own }]).map((one) => {
      const earliestTime = notBefore(step, new Map([...times, [step, one.time]]));
      const time = life.movesEarlySteps ? latest(one.time, order.placedAt ?? '', earliestTime) : one.time;
      if (time !== one.time) order.onMoved();
      if (step === 'refunded') refuseBeforePayment('refunded_at is', time, paidAt);
      const command = stepCommand(life, one.cells, order, step, time, one.id);
      const hasNoAmount = step === 'paid' && command.amount === undefined;
      const outstanding = hasNoAmount ? life.outstandingAmount?.(cells) : undefined;
      return { after: earliestTime, command: byOutstanding(command, one.id, outstanding, order, isLess) };
    });
  });
  for (const one of returns) {
    const shipped = one.items.length === 0 ? '' : notBefore('shipped', times);
    const time = life.movesEarlySteps ? timeOfReturn(one, times, order) : one.time;
    if (time !== one.time) order.onMoved();
    if (one.amount !== '0') refuseBeforePayment('a return is dated', time, paidAt);
    const commands = returnCommands(order, { ...one, time });
    dated.push(...commands.map((command) => ({ after: latest(time, shipped), command })));
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

/** The time of a return, or of what it presupposes if that is later. */
function timeOfReturn(
  { time, items, amount }: OrderReturn,
  times: ReadonlyMap<Step, string>,
  { placedAt = '' }: LifeOfOrder,
): string {
  const shipped = items.length === 0 ? undefined : times.get('shipped');
  const paid = amount === '0' ? undefined : times.get('paid');
  return latest(time, placedAt, shipped ?? '', paid ?? '');
}

/**
 * Throws Refused if money was given back before it arrived. The order is then not placed either.
 * @param paidAt the time of the payment. Undefined if payments have ids: then the log may have an
 *   earlier one, which decides.
 */
function refuseBeforePayment(what: string, time: string, paidAt: string | undefined): void {
  if (paidAt === undefined || time >= paidAt) return;
  throw new Refused(
    `${what} ${time}, before the payment (paid_at) of ${paidAt}: correct the dates, or set --misdated previous`,
  );
}

/**
 * A payment of which the file only says what it left due. If that is nothing, the payment is of all
 * that is due. Otherwise it has a key of its own: the later export of an order that has been paid
 * meanwhile adds the rest, which is another payment even with the reference and amount of the part.
 * Throws Refused if the amount of the part does not follow.
 * @param id of the payment, if the file has one, which then is its key.
 * @param isLess whether less was due at the end than the total.
 */
function byOutstanding(
  payment: Command,
  id: string | undefined,
  outstanding: string | undefined,
  { key, total }: LifeOfOrder,
  isLess: boolean,
): Command {
  if (outstanding === undefined) return payment;
  if (!isMoney(outstanding)) return payment.payment_reference === undefined ? payment : { ...payment, another: true };
  const amount = decimal(total) - decimal(outstanding);
  if (amount > 0n && !outstanding.startsWith('-') && !isLess) {
    const part = { ...payment, amount: decimalText(amount) };
    return id === undefined ? { ...part, idempotency_key: `${key}/paid-in-part` } : part;
  }
  throw new Refused(
    `outstanding_amount is ${outstanding} of ${total}${isLess ? ', and the order was cancelled, returned or refunded' : ''}, ` +
      'so what was paid at paid_at cannot be told: map paid_amount, or --set outstanding_amount=0 if all of it was',
  );
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
  const idColumn = life.transactions.find((one) => one.step === step)?.idColumn;
  const line: Record<string, unknown> = {
    command: commands[step],
    order_id: order.id,
    idempotency_key: `${order.key}/${step}${id === undefined ? '' : `/${transactionKey(id, idColumn)}`}`,
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
