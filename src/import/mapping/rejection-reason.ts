import type { Rejection } from '../import-file.js';
import { type CsvMapping, keyColumnOf } from './csv-mapping.js';

/** Describes the problem of a command, with the columns that its fields come from. */
export function rejectionReason({ problem }: Rejection, mapping: CsvMapping, command = 'place'): string {
  if (problem.type === '/problems/idempotency-key-reused') {
    return keyColumnOf(mapping) === undefined
      ? 'this line was imported before with other content: the file has changed. Set --key COLUMN to identify orders by a column'
      : 'this order was imported before with other content; the order in the log was not changed';
  }
  const columns = new Set(
    (problem.errors ?? []).flatMap(({ pointer }) => mapping.columns.get(fieldOf(pointer, command)) ?? []),
  );
  const remedy = remedyOfDate(problem, mapping);
  if (columns.size === 0) return problem.detail + remedy;
  const names = [...columns].map((column) => `"${column}"`);
  return `${problem.detail} (column${names.length === 1 ? '' : 's'} ${names.join(', ')})${remedy}`;
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
