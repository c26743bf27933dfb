import { createLineHandler, type LineResponse } from '../../http/batch/handle-lines.js';
import type { BatchLine } from '../../http/batch/parse-line.js';
import { importActor, keyOfLine } from '../identity.js';
import { type ImportOptions, reasonAt } from '../import-file.js';
import type { ImportGroup, ImportUnit } from '../import-unit.js';
import { dryRunHandlers } from './dry-run.js';

export interface PreviewOptions {
  readonly readFirst: (count: number) => AsyncIterable<ImportGroup>;
  readonly source: string;
  readonly defaultCurrency: string;
  readonly reasonOf: ImportOptions['reasonOf'];
}

export interface PreviewRow {
  /** Line, time, user, order, items, total, and the commands after `place`. */
  readonly cells: readonly string[];
  readonly refused: string | undefined;
  /** Why the import would list the order as a return, and not place it. */
  readonly listed: string | undefined;
}

export const previewColumns = ['line', 'placed', 'user', 'order', 'items', 'total', 'then'];

/** Describes the first orders of a file as they would be placed. Places nothing. */
export async function previewRows(options: PreviewOptions, count: number): Promise<PreviewRow[]> {
  const handleLines = createLineHandler({
    ...dryRunHandlers(),
    actor: importActor,
    mayImport: true,
    defaultCurrency: options.defaultCurrency,
    keyOf: (line) => keyOfLine(options.source, line),
  });
  const rows: PreviewRow[] = [];
  const reasonOfFirst = (unit: ImportUnit, responses: readonly LineResponse[]) => {
    for (const [nth, response] of responses.entries())
      if ('problem' in response) return reasonAt(unit, nth, response, options.reasonOf);
    return undefined;
  };
  for await (const { units } of options.readFirst(count)) {
    for (const unit of units) {
      if (rows.length === count) return rows;
      const refused = unit.refused ?? reasonOfFirst(unit, await handleLines(unit.commands));
      rows.push({ cells: [String(unit.number), ...describe(unit)], refused, listed: unit.setAside });
    }
  }
  return rows;
}

function describe({ commands: [first, ...others] }: ImportUnit): string[] {
  const place = fieldsOf(first);
  const text = (name: string) => (place[name] === undefined ? '' : String(place[name]));
  const then = others.map((line) => {
    const { command, occurred_at } = fieldsOf(line);
    return occurred_at === undefined ? String(command) : `${command} ${String(occurred_at).slice(0, 10)}`;
  });
  const key = text('idempotency_key').replace(/^.*#/, '');
  return [
    text('occurred_at') || (first ? 'now' : ''),
    text('user_id'),
    text('reference') || text('order_id') || key,
    items(place),
    `${text('total_amount')} ${text('currency')}`.trim(),
    then.join(', '),
  ].map(shortened);
}

/** "2 × lamp, 1 × plug" */
function items(place: Readonly<Record<string, unknown>>): string {
  const found: unknown = place.items ?? place.item_ids;
  if (!Array.isArray(found)) return '';
  return found
    .map((item: unknown) => {
      if (typeof item !== 'object' || item === null) return String(item);
      const { item_id, quantity } = item as { readonly item_id?: unknown; readonly quantity?: unknown };
      return `${quantity} × ${item_id}`;
    })
    .join(', ');
}

function fieldsOf(line: BatchLine | undefined): Readonly<Record<string, unknown>> {
  const input = line?.input;
  if (!(input instanceof Uint8Array)) return input ?? {};
  try {
    const parsed: unknown = JSON.parse(Buffer.from(input).toString());
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

/** Characters of a cell of the table. */
const maxCell = 40;

function shortened(text: string): string {
  return text.length > maxCell ? `${text.slice(0, maxCell - 1)}…` : text;
}
