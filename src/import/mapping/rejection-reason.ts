import type { Rejection } from '../import-file.js';
import { type CsvMapping, keyColumnOf } from './csv-mapping.js';

/** Describes the problem of a command, with the columns that its fields come from. */
export function rejectionReason({ problem }: Rejection, mapping: CsvMapping): string {
  if (problem.type === '/problems/idempotency-key-reused') {
    return keyColumnOf(mapping) === undefined
      ? 'this line was imported before with other content: the file has changed. Set --key COLUMN to identify orders by a column'
      : 'this order was imported before with other content; the order in the log was not changed';
  }
  const columns = new Set((problem.errors ?? []).flatMap(({ pointer }) => mapping.columns.get(fieldOf(pointer)) ?? []));
  if (columns.size === 0) return problem.detail;
  const names = [...columns].map((column) => `"${column}"`);
  return `${problem.detail} (column${names.length === 1 ? '' : 's'} ${names.join(', ')})`;
}

/** The field of a pointer: /items/0/unit_price → unit_price, /metadata/note → metadata.note. */
function fieldOf(pointer: string): string {
  const [, first = '', second = '', third = ''] = pointer.split('/');
  if (first === 'metadata') return `metadata.${second}`;
  return first === 'items' ? third : first;
}
