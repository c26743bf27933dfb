import type { FileTime } from '../formats/date-format.js';
import { shortened } from '../formats/number-format.js';
import { Refused } from '../refused.js';
import type { Cells, ReadCell } from './cells.js';
import type { FieldReaders } from './field-readers.js';

/** The steps of an order's life that a file may date, in the order in which they usually happen. */
export const steps = ['paid', 'processed', 'shipped', 'delivered', 'cancelled', 'refunded'] as const;
export type Step = (typeof steps)[number];

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

/** The states that shops export, as the step that leads to them. Null if none does. */
const states: Readonly<Record<string, Step | null>> = {
  ...{ pending: null, open: null, new: null, created: null, unpaid: null, unfulfilled: null, authorized: null },
  ...{ not_fulfilled: null, not_paid: null, awaiting: null, on_hold: null, pending_payment: null },
  ...{ paid: 'paid', captured: 'paid', approved: 'paid' },
  ...{ processing: 'processed', processed: 'processed', invoiced: 'processed' },
  ...{ shipped: 'shipped', fulfilled: 'shipped' },
  ...{ delivered: 'delivered', completed: 'delivered', complete: 'delivered' },
  ...{ cancelled: 'cancelled', canceled: 'cancelled' },
  refunded: 'refunded',
};

/** The cells of a mapping that tell of an order's life. */
export interface LifeCycleCells {
  readonly times: ReadonlyMap<Step, ReadCell<FileTime>>;
  readonly states: readonly { readonly field: string; readonly read: ReadCell<string> }[];
  readonly paidAmount: ReadCell<string> | undefined;
  readonly refundedAmount: ReadCell<string> | undefined;
  /** Further fields of a command, such as a reason. */
  readonly details: ReadonlyMap<Step, readonly Detail[]>;
  /** Whether a state without a date takes the last time that the row has. */
  readonly undated: boolean;
}

/** The life-cycle cells of a mapping. Undefined if it has none: then orders are only placed. */
export function lifeCycleCells(fields: FieldReaders, undated: boolean): LifeCycleCells | undefined {
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
  if (times.size === 0 && stateCells.length === 0 && !paidAmount && !refundedAmount) return undefined;
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
  return { times, states: stateCells, paidAmount, refundedAmount, details, undated };
}

interface Detail {
  readonly name: string;
  readonly read: ReadCell<string>;
}

/**
 * Makes the commands that follow `place`, in the order of their times. Each has a key of its own,
 * so a row that has grown adds only its new steps. Throws Refused if a state has no date.
 * @param key the idempotency key of the order.
 */
export function lifeCycle(
  life: LifeCycleCells,
  cells: Cells,
  order: { readonly id: string; readonly key: string; readonly placedAt: string | undefined; readonly isFree: boolean },
): Record<string, unknown>[] {
  const times = timesOf(life, cells, order.placedAt);
  for (const step of [...steps].reverse()) {
    const needed = presupposed[step];
    const time = times.get(step);
    if (needed && time !== undefined && !times.has(needed)) times.set(needed, time);
  }
  // An order of 0 is paid as it is: there is nothing to pay.
  if (order.isFree && life.paidAmount?.(cells) === undefined) times.delete('paid');
  return steps
    .flatMap((step, nth) => {
      const time = times.get(step);
      return time === undefined ? [] : [{ step, nth, time, after: notBefore(step, times) }];
    })
    .sort((a, b) => (a.after < b.after ? -1 : a.after > b.after ? 1 : a.nth - b.nth))
    .map(({ step, time }) => {
      const line: Record<string, unknown> = {
        command: commands[step],
        order_id: order.id,
        idempotency_key: `${order.key}/${step}`,
        occurred_at: time,
      };
      // The file says that the money arrived: that is recorded whatever is due.
      if (step === 'paid') line.already_received = true;
      if (step === 'cancelled' || step === 'refunded') line.reason = 'imported';
      const amount = step === 'paid' ? life.paidAmount : step === 'refunded' ? life.refundedAmount : undefined;
      for (const { name, read } of [{ name: 'amount', read: amount }, ...(life.details.get(step) ?? [])]) {
        const value = read?.(cells);
        if (value !== undefined) line[name] = value;
      }
      return line;
    });
}

/** The time of a step, or that of one that it presupposes if that is later. */
function notBefore(step: Step, times: ReadonlyMap<Step, string>): string {
  const own = times.get(step) ?? '';
  const needed = presupposed[step];
  const earliest = needed === undefined ? '' : notBefore(needed, times);
  return [own, earliest].sort().at(-1) ?? own;
}

function timesOf(life: LifeCycleCells, cells: Cells, placedAt: string | undefined): Map<Step, string> {
  const times = new Map<Step, string>();
  for (const [step, read] of life.times) {
    const time = read(cells);
    if (time !== undefined) times.set(step, time.utc);
  }
  const last = [...times.values(), ...(placedAt === undefined ? [] : [placedAt])].sort().at(-1);
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
    const step = states[text.toLowerCase().replace(/[\s-]+/g, '_')];
    if (step === undefined) throw new Refused(`${field}: the state "${shortened(text)}" is unknown`);
    if (step !== null) undated(step, `${field} is "${text}"`);
  }
  const refunded = life.refundedAmount?.(cells);
  if (refunded !== undefined && /[1-9]/.test(refunded)) undated('refunded', `refunded_amount is ${refunded}`);
  const paid = life.paidAmount?.(cells);
  if (paid !== undefined && /[1-9]/.test(paid)) undated('paid', `paid_amount is ${paid}`);
  return times;
}
