import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { count } from '../format/numbers.js';
import { IconButton } from './button.js';
import { isNarrow } from './narrow.js';

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly isNumeric?: boolean;
  /** Left out on a narrow screen. */
  readonly isWide?: boolean;
  /** The cell names the row. */
  readonly isHeader?: boolean;
}

interface TableProps<Row> {
  /** What the table shows, for screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Rows on one page. Without it all rows are shown. */
  readonly pageSize?: number;
  readonly isHighlighted?: (row: Row) => boolean;
}

/** A table that scrolls sideways by itself, and shows many rows page by page. */
export function Table<Row>({ caption, columns: all, rows, keyOf, pageSize, isHighlighted }: TableProps<Row>) {
  const columns = isNarrow.value ? all.filter(({ isWide }) => !isWide) : all;
  const [page, setPage] = useState(0);
  const pages = pageSize === undefined ? 1 : Math.max(1, Math.ceil(rows.length / pageSize));
  const shownPage = Math.min(page, pages - 1);
  const shown = pageSize === undefined ? rows : rows.slice(shownPage * pageSize, (shownPage + 1) * pageSize);
  return (
    <div class="table-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls a wide table */}
      <div class="table-scroll" tabIndex={0}>
        <table>
          <caption class="visually-hidden">{caption}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.name} scope="col" class={classOf(column)}>
                  {column.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={keyOf(row)} class={isHighlighted?.(row) ? 'highlighted' : undefined}>
                {columns.map((column) => (
                  <Cell key={column.name} column={column} row={row} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pages > 1 && (
        <nav class="pager" aria-label={`Pages of: ${caption}`}>
          <IconButton label="Previous page" icon="left" onClick={() => setPage(Math.max(0, shownPage - 1))} />
          <span>
            Page {count(shownPage + 1)} of {count(pages)} · {count(rows.length)} rows
          </span>
          <IconButton label="Next page" icon="right" onClick={() => setPage(Math.min(pages - 1, shownPage + 1))} />
        </nav>
      )}
    </div>
  );
}

function Cell<Row>({ column, row }: { readonly column: Column<Row>; readonly row: Row }) {
  if (column.isHeader) {
    return (
      <th scope="row" class={classOf(column)}>
        {column.cell(row)}
      </th>
    );
  }
  return <td class={classOf(column)}>{column.cell(row)}</td>;
}

function classOf<Row>({ isNumeric }: Column<Row>): string | undefined {
  return isNumeric ? 'numeric' : undefined;
}
