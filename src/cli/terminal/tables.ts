/** A time in UTC as a cell shows it: to the second. */
export function toSeconds(time: string): string {
  return `${time.slice(0, 19)}Z`;
}

interface TableOptions {
  /** The indexes of columns that are aligned on the right, such as numbers. */
  readonly right?: readonly number[];
  /** The indexes of columns that are never cut: an id that lacks its end is of no use. */
  readonly whole?: readonly number[];
  /** The columns of the screen. Cells of the widest columns are cut to fit; by default none is. */
  readonly screen?: number | undefined;
}

const gap = 2;
/** A column is not cut below this width: a line may then be wider than the screen. */
const minWidth = 8;

/** Formats rows as lines whose columns are aligned, two spaces apart. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  { right = [], whole = [], screen = Number.POSITIVE_INFINITY }: TableOptions = {},
): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const natural = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const widths = fitted(natural, whole, screen - gap * Math.max(0, columns - 1));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        const shown = cell.length > width ? `${cell.slice(0, width - 1)}…` : cell;
        return right.includes(column) ? shown.padStart(width) : shown.padEnd(width);
      })
      .join(' '.repeat(gap))
      .trimEnd(),
  );
}

/**
 * Takes width from the widest column, again and again, until all of them have room.
 * @param whole the indexes of columns that keep their width.
 */
function fitted(natural: readonly number[], whole: readonly number[], room: number): number[] {
  const widths = [...natural];
  const widest = () =>
    widths.reduce<number | undefined>((found, width, column) => {
      if (whole.includes(column) || width <= minWidth) return found;
      return found === undefined || width > (widths[found] ?? 0) ? column : found;
    }, undefined);
  for (let total = widths.reduce((sum, width) => sum + width, 0); total > room; total -= 1) {
    const column = widest();
    if (column === undefined) break;
    widths[column] = (widths[column] ?? 0) - 1;
  }
  return widths;
}
