import { csvLine } from '../../csv-line.js';
import type { HistoryEntry } from '../../read-models/order-history.js';
import { historyEvent } from './get-order-history.js';

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

/**
 * Writes entries of an order's history as RFC 4180 CSV: a header line, then one line per event. It
 * yields the text part by part, as the entries are read.
 */
export async function* historyCsv(
  orderId: string,
  partition: number,
  parts: AsyncIterable<{ readonly entries: readonly HistoryEntry[] }>,
): AsyncGenerator<string> {
  // With the first entries, so that a failure to read them becomes a problem.
  let header = csvLine(csvColumns);
  for await (const { entries } of parts) {
    const lines = entries.map((entry) => {
      const event = historyEvent(entry);
      const row = csvColumns.map((column) => {
        if (column === 'order_id') return orderId;
        if (column === 'partition') return String(partition);
        if (column === 'data') return JSON.stringify(event.data);
        return String(event[column] ?? '');
      });
      return csvLine(row.map(forSpreadsheet));
    });
    yield header + lines.join('');
    header = '';
  }
  if (header !== '') yield header;
}

/**
 * Puts an apostrophe before a first character that makes a spreadsheet run the cell as a formula.
 */
function forSpreadsheet(value: string): string {
  return /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
}
