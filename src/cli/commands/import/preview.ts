import { type PreviewOptions, previewColumns, previewRows } from '../../../import/checking/preview.js';
import type { Warnings } from '../../../import/mapping/warnings.js';
import { alignColumns } from '../../terminal/tables.js';
import type { Terminal } from '../../terminal/terminal.js';

/**
 * Prints the first orders as a table or as a JSON document, with the reasons for which some would
 * be rejected.
 */
export async function printPreview(
  { warnings, ...options }: PreviewOptions & { readonly warnings: Warnings },
  count: number,
  terminal: Terminal,
  json: boolean,
): Promise<void> {
  const rows = await previewRows(options, count);
  if (rows.some(({ refused }) => refused !== undefined)) terminal.exitCode = 3;
  if (json) {
    const orders = rows.map(({ cells, refused = null, listed = null }) => ({
      ...Object.fromEntries(previewColumns.map((name, column) => [name, cells[column] ?? ''])),
      refused,
      listed,
    }));
    terminal.print(JSON.stringify({ orders, warnings: warnings.messages() }));
    return;
  }
  const table = [previewColumns, ...rows.map(({ cells }) => cells)];
  for (const line of alignColumns(table, { right: [0, 5] })) terminal.print(line);
  for (const { refused, listed, cells } of rows) {
    if (refused !== undefined) terminal.print(`line ${cells[0]}: ${refused}`);
    else if (listed !== undefined) terminal.print(`line ${cells[0]}: listed and not placed: ${listed}`);
  }
  for (const message of warnings.messages()) terminal.print(`warning: ${message}`);
  terminal.print(`the first ${rows.length} orders; nothing was placed`);
}
