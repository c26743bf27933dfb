import { csvLine } from '../../csv-line.js';
import type { OrderHistory } from './get-order-history.js';

const csvColumns = [
  'order_id',
  'version',
  'type',
  'actor',
  'occurred_at',
  'recorded_at',
  'partition',
  'position',
  'hash',
  'idempotency_key',
  'request_id',
  'data',
] as const;

/** Writes a history as RFC 4180 CSV: a header line, then one line per event. */
export function historyCsv(history: OrderHistory): string {
  const rows = history.events.map((event) =>
    csvColumns.map((column) => {
      if (column === 'order_id' || column === 'partition') return String(history[column]);
      if (column === 'data') return JSON.stringify(event.data);
      return String(event[column] ?? '');
    }),
  );
  return [csvColumns as readonly string[], ...rows].map((row) => csvLine(row.map(forSpreadsheet))).join('');
}

/**
 * Puts an apostrophe before a first character that makes a spreadsheet run the cell as a formula.
 */
function forSpreadsheet(value: string): string {
  return /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
}
