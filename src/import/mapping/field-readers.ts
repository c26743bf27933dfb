import { currencyExponent } from '../../orders/values/currency.js';
import { type FileTime, timeReader } from '../formats/date-format.js';
import { numberReader, plainNumbers, shortened } from '../formats/number-format.js';
import { Refused } from '../refused.js';
import { cellReaders, type ReadCell } from './cells.js';
import type { CsvMapping } from './csv-mapping.js';

/** Returns the reader of a field by its kind, or undefined if nothing gives the field a value. */
export interface FieldReaders {
  readonly text: (field: string) => ReadCell<string> | undefined;
  /** A number as decimal text with a point. */
  readonly number: (field: string) => ReadCell<string> | undefined;
  readonly quantity: (field: string) => ReadCell<number> | undefined;
  /** Undefined for `now`, which only --set and --default may say. */
  readonly time: (field: string) => ReadCell<FileTime> | undefined;
  readonly currency: (field: string) => ReadCell<string> | undefined;
  readonly list: (field: string) => ReadCell<string[]> | undefined;
}

/**
 * @param indexOf the index of a column in the rows that are read.
 * @param onAmbiguous called for each time that is read and that the clocks showed twice.
 */
export function fieldReaders(
  mapping: CsvMapping,
  indexOf: (column: string) => number,
  onAmbiguous?: () => void,
): FieldReaders {
  const cells = cellReaders(mapping, indexOf);
  const readAmount = numberReader(mapping.numbers, 'amount');
  const readCount = numberReader(mapping.numbers, 'count');
  const readPlain = numberReader(plainNumbers, 'count');
  const readTime = timeReader(mapping.dateFormats, mapping.timeZone);
  const readRfc3339 = timeReader([], undefined);
  const split = splitter(mapping.itemSeparators);
  return {
    text: (field) => cells.of(field, String, String),
    number: (field) => cells.of(field, readAmount, readPlain),
    quantity: (field) =>
      cells.of(
        field,
        (cell) => wholeNumber(readCount(cell)),
        (given) => wholeNumber(readPlain(given)),
      ),
    time: (field) => {
      const read = cells.of(field, readTime, (given) => {
        if (given === 'now') return undefined;
        return isRfc3339(given) ? readRfc3339(given) : readTime(given);
      });
      return read && onAmbiguous ? reporting(read, onAmbiguous) : read;
    },
    currency: (field) =>
      cells.of(field, currencyCode, (given) => {
        const code = currencyCode(given);
        if (currencyExponent(code) === undefined) throw new Refused('not an ISO 4217 code');
        return code;
      }),
    list: (field) => cells.of(field, split, split),
  };
}

function reporting(read: ReadCell<FileTime>, onAmbiguous: () => void): ReadCell<FileTime> {
  return (row) => {
    const time = read(row);
    if (time?.ambiguous) onAmbiguous();
    return time;
  };
}

function isRfc3339(text: string): boolean {
  return /^\d{4}-\d\d-\d\d[Tt]/.test(text);
}

function currencyCode(text: string): string {
  return text.toUpperCase();
}

/** Zeros after the point do not change a quantity: "3.0" is 3. */
function wholeNumber(text: string): number {
  if (!/^-?\d+(?:\.0*)?$/.test(text)) throw new Refused(`"${shortened(text)}" is not a whole number`);
  return Number(text);
}

function splitter(separators: string): (text: string) => string[] {
  const pattern = new RegExp(`[${separators.replace(/[\\\]^-]/g, '\\$&')}]`);
  return (text) =>
    text
      .split(pattern)
      .map((id) => id.trim())
      .filter(Boolean);
}
