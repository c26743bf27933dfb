import { type PreviewOptions, previewColumns, previewRows } from '../../../import/checking/preview.js';
import { alignColumns } from '../../terminal/tables.js';
import type { Terminal } from '../../terminal/terminal.js';

/**
 * Prints the first orders as a table or as a JSON document, with the reasons for which some would
 * be rejected.
 */
export async function printPreview(
  options: PreviewOptions,
  count: number,
  terminal: Terminal,
  json: boolean,
): Promise<void> {
  const rows = await previewRows(options, count);
  if (rows.some(({ refused }) => refused !== undefined)) terminal.exitCode = 3;
  if (json) {
    const orders = rows.map(({ cells, refused = null }) => ({
      ...Object.fromEntries(previewColumns.map((name, column) => [name, cells[column] ?? ''])),
      refused,
    }));
    terminal.print(JSON.stringify({ orders }));
    return;
  }
  const table = [previewColumns, ...rows.map(({ cells }) => cells)];
  for (const line of alignColumns(table, { right: [0, 5] })) terminal.print(line);
  const refused = rows.flatMap(({ refused, cells: [line] }) =>
    refused === undefined ? [] : [`line ${line}: ${refused}`],
  );
  for (const line of refused) terminal.print(line);
  terminal.print(`the first ${rows.length} orders; nothing was placed`);
}
