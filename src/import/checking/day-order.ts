import { dayAndMonthReader, type ReadDayAndMonth } from '../formats/date-format.js';
import { shortened } from '../formats/number-format.js';
import type { Cells } from '../mapping/cells.js';
import type { CsvMapping } from '../mapping/csv-mapping.js';
import { fieldOf } from '../mapping/fields.js';
import type { Warnings } from '../mapping/warnings.js';

/**
 * Tells whether the formats of a file have day and month in its order. 3/12/2026 fits M/D/YYYY and
 * D/M/YYYY, and only days above 12 show the difference: with the wrong format, these are refused
 * and all others are months off. So the whole file is looked at before anything is placed.
 */
export interface DayOrder {
  readonly look: (row: Cells, line: number) => void;
  /** Throws Error, with a message for the user, if the file seems to have the other order. */
  readonly check: () => void;
}

interface Seen {
  readonly field: string;
  readonly column: string;
  readonly index: number;
  /** The last text: rows of one order have the same. */
  last: string;
  /** Whether a day above 12 fits the formats. */
  fits: boolean;
  /** The first date whose month would be above 12, and its day not. */
  other: { readonly text: string; readonly line: number; readonly format: string } | undefined;
  /** The line of the first date that fits. */
  line: number | undefined;
}

/**
 * Undefined if no format of the mapping can be mistaken.
 * @param indexOf the index of a column in the rows of the file.
 */
export function dayOrder(
  { columns, dateFormats, presumesDates = false }: CsvMapping,
  indexOf: (column: string) => number,
  warnings: Warnings,
): DayOrder | undefined {
  const formats = dateFormats.flatMap((format) => {
    const read = dayAndMonthReader(format);
    return read ? [{ format, read }] : [];
  });
  const seen = [...columns].flatMap(([field, column]): Seen[] =>
    fieldOf(field)?.kind === 'time'
      ? [{ field, column, index: indexOf(column), last: '', fits: false, other: undefined, line: undefined }]
      : [],
  );
  if (formats.length === 0 || seen.length === 0) return undefined;
  return {
    look(row, line) {
      for (const one of seen) {
        const text = row[one.index]?.trim() ?? '';
        if (text === one.last) continue;
        one.last = text;
        lookAt(one, text, line, formats);
      }
    },
    check() {
      for (const one of seen) {
        const { field, column, fits, other, line } = one;
        if (other && !fits) {
          throw new Error(
            `column "${column}" (${field}) has "${shortened(other.text)}" in line ${other.line}, and no day above 12 in ` +
              `the format ${other.format}: the day seems to come first, so nothing was placed. ` +
              `Set --date-format '${swapped(other.format)}' if it does; otherwise correct the cell`,
          );
        }
        if (other) warnings.add(`column "${column}" has dates in both orders of day and month`, other.line);
        else if (!fits && presumesDates && line !== undefined)
          warnings.add(`no date of column "${column}" shows whether the day or the month comes first`, line);
      }
    },
  };
}

function lookAt(
  seen: Seen,
  text: string,
  line: number,
  formats: readonly { readonly format: string; readonly read: ReadDayAndMonth }[],
): void {
  let other: Seen['other'];
  for (const { format, read } of formats) {
    const found = read(text);
    if (!found) continue;
    const [day, month] = found;
    if (month <= 12) {
      seen.line ??= line;
      if (day > 12) seen.fits = true;
      return;
    }
    if (month <= 31 && day <= 12) other ??= { text, line, format };
  }
  seen.other ??= other;
}

/** The format with day and month in the other order. */
function swapped(format: string): string {
  return format.replace(/\[[^\]]*\]|MM?|DD?/g, (token) => {
    if (token.startsWith('[')) return token;
    return (token.startsWith('M') ? 'D' : 'M').repeat(token.length);
  });
}
