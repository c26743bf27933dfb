import { shortened } from '../formats/number-format.js';
import type { Rejection } from '../import-file.js';
import { type CsvMapping, isGiven, keyColumnOf } from './csv-mapping.js';

/** A command of an import, as it was sent. */
type Sent = Readonly<Record<string, unknown>>;

/** Describes the problem of a command, with the columns that its fields come from. */
export function rejectionReason({ problem }: Rejection, mapping: CsvMapping, sent: Sent = {}): string {
  const command = typeof sent.command === 'string' ? sent.command : 'place';
  if (problem.type === '/problems/idempotency-key-reused') {
    if (keyColumnOf(mapping) === undefined)
      return 'this line was imported before with other content: the file has changed. Set --key COLUMN to identify orders by a column';
    if (command !== 'place') return isOfPart(sent) ? partChanged : stepChanged(command);
    const mayBeSorted = mapping.groupColumn !== undefined && !isGiven(mapping, 'line_id');
    return mayBeSorted
      ? 'this order was imported before with other content, or with its rows in another order; the order in the log was not changed. ' +
          'If only the order of its rows differs, sort them as before, or map line_id from the first import on'
      : 'this order was imported before with other content; the order in the log was not changed';
  }
  const columns = new Set((problem.errors ?? []).flatMap(({ pointer }) => columnsOf(pointer, command, sent, mapping)));
  const detail = inWords(problem.detail, command, sent);
  const remedy = remedyOfDate(problem, mapping) + remedyOfDecimals(problem);
  if (columns.size === 0) return detail + remedy;
  const names = [...columns].map((column) => `"${column}"`);
  return `${detail} (column${names.length === 1 ? '' : 's'} ${names.join(', ')})${remedy}`;
}

const partChanged =
  'an earlier import has another outstanding_amount of this order, and what was paid between the two cannot be told ' +
  'from them: import the order once all of it is paid, which adds the rest, or map paid_amount and payment_id from ' +
  'the first import on';

function stepChanged(command: string): string {
  const ofMoney = command in amounts ? ' or another amount: send the difference by the API if the amount is a sum' : '';
  return `an earlier import has this ${command} with other content, such as another date${ofMoney}; the order in the log was not changed`;
}

/** Whether a payment in part follows from what is outstanding (see life-cycle.ts). */
function isOfPart({ idempotency_key: key }: Sent): boolean {
  return typeof key === 'string' && key.endsWith('/paid-in-part');
}

/** A field of an order whose value a reason has. The others may be long, or of a person. */
const shownFields = /^\/(total_amount|currency|order_id|occurred_at) /;

/** Names what a pointer means in a command that was made of several rows or cells. */
function inWords(detail: string, command: string, sent: Sent): string {
  const named = detail
    .replace(/\/adjustments\/(\d+)\/amount/g, (pointer, nth: string) => {
      const { type, amount } = elementOf(sent.adjustments, nth);
      return amount === undefined ? pointer : `the ${type} of ${shortened(String(amount))}`;
    })
    .replace(/\/items\/(\d+)\/(quantity|unit_price)/g, (pointer, nth: string, field: string) => {
      const { item_id, [field]: value } = elementOf(sent.items, nth);
      return value === undefined ? pointer : `${field} ${shortened(String(value))} of "${item_id}"`;
    });
  if (command === 'place') {
    return named.replace(shownFields, (pointer, field: string) =>
      sent[field] === undefined ? pointer : `${field} "${shortened(String(sent[field]))}" `,
    );
  }
  return sent.occurred_at === undefined ? named : named.replace('/occurred_at', `occurred_at ${sent.occurred_at}`);
}

function elementOf(list: unknown, nth: string): Sent {
  const element: unknown = Array.isArray(list) ? list[Number(nth)] : undefined;
  return typeof element === 'object' && element !== null ? { ...element } : {};
}

/** The columns that the value at a pointer comes from. */
function columnsOf(pointer: string, command: string, sent: Sent, { columns, charges }: CsvMapping): string[] {
  const [, list, nth = ''] = pointer.split('/');
  if (list !== 'adjustments') return [columns.get(fieldOf(pointer, command)) ?? []].flat();
  const { type } = elementOf(sent.adjustments, nth);
  const isCharge = [...charges.values()].some((one) => one === type);
  const fields = [String(type), `line_${type}`, ...(isCharge ? ['item_id', 'unit_price'] : [])];
  return fields.flatMap((field) => columns.get(field) ?? []);
}

function remedyOfDecimals({ errors = [] }: Rejection['problem']): string {
  return errors.some(({ message }) => message.startsWith('must have at most'))
    ? ': correct the file, since a part of a cent is not rounded'
    : '';
}

/** The remedy for a date that the order does not accept. Empty if the problem is another. */
function remedyOfDate({ errors = [] }: Rejection['problem'], mapping: CsvMapping): string {
  const message = errors.find(({ pointer }) => pointer === '/occurred_at')?.message;
  if (message === undefined) return '';
  const needed = neededDates.find(([text]) => message.includes(text))?.[1];
  if (needed === undefined) return ': correct the date, or check --time-zone and --date-format';
  if (mapping.movesEarlySteps) return ': correct the dates';
  const dates = mapping.columns.has(needed) ? '' : `map ${needed} and `;
  return `: correct the dates, or ${dates}set --misdated previous`;
}

/** By what a message says that a step must not be before, the field of its date. */
const neededDates: readonly (readonly [text: string, field: string])[] = [
  ['the order was placed', 'occurred_at'],
  ['the first payment', 'paid_at'],
  ['the units were shipped', 'shipped_at'],
];

/** The field of a pointer: /items/0/unit_price → unit_price, /metadata/note → metadata.note. */
function fieldOf(pointer: string, command: string): string {
  const [, first = '', second = '', third = ''] = pointer.split('/');
  if (first === 'metadata') return `metadata.${second}`;
  if (first === 'amount' && command in amounts) return amounts[command] ?? '';
  if (first === 'occurred_at' && command in times) return times[command] ?? '';
  return first === 'items' ? third : first;
}

/** The field of the time of each command. */
const times: Readonly<Record<string, string>> = {
  pay: 'paid_at',
  process: 'processed_at',
  ship: 'shipped_at',
  deliver: 'delivered_at',
  cancel: 'cancelled_at',
  refund: 'refunded_at',
};

/** The field of the amount of each command. */
const amounts: Readonly<Record<string, string>> = { pay: 'paid_amount', refund: 'refunded_amount' };
