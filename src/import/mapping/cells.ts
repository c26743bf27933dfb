import { Refused } from '../refused.js';
import type { CsvMapping } from './csv-mapping.js';
import { fieldOf } from './fields.js';

/** The cells of a row, by the index of their column. */
export type Cells = readonly string[];

/** Reads one field of a row. Undefined if the cell is empty and the field is optional. */
export type ReadCell<T> = (cells: Cells) => T | undefined;

/** Creates the readers of the fields of one file. */
export interface CellReaders {
  /**
   * Returns the reader of a field, or undefined if nothing gives it a value.
   * @param parse parses the text of a cell; throws Refused.
   * @param parseGiven parses the value of --set or --default.
   */
  of<T>(
    field: string,
    parse: (text: string) => T,
    parseGiven: (text: string) => T | undefined,
  ): ReadCell<T> | undefined;
}

/** @param indexOf the index of a column in the rows that are read. */
export function cellReaders(mapping: CsvMapping, indexOf: (column: string) => number): CellReaders {
  return {
    of(field, parse, parseGiven) {
      const constant = mapping.constants.get(field);
      if (constant !== undefined) {
        const value = given(`--set ${field}=${constant}`, constant, parseGiven);
        return () => value;
      }
      const column = mapping.columns.get(field);
      const fallback = mapping.defaults.get(field);
      const fallbackValue =
        fallback === undefined ? undefined : given(`--default ${field}=${fallback}`, fallback, parseGiven);
      if (column === undefined) return fallback === undefined ? undefined : () => fallbackValue;
      const index = indexOf(column);
      const second = mapping.fallbacks.get(field);
      const secondIndex = second === undefined ? -1 : indexOf(second);
      const empty = mapping.emptyTexts?.get(field);
      const isInteger = mapping.integerTexts?.has(field) ?? false;
      const optional = fieldOf(field)?.optional ?? false;
      const where = `column "${column}" (${field})`;
      return (cells) => {
        const first = cells[index]?.trim() ?? '';
        const text = first === '' || empty?.includes(first) ? (cells[secondIndex]?.trim() ?? '') : first;
        if (text === '') {
          if (fallback === undefined && !optional)
            throw new Refused(`${where} is empty: fill it in, or set --default ${field}=VALUE`);
          return fallbackValue;
        }
        try {
          return parse(isInteger ? text.replace(/^(\d+)\.0+$/, '$1') : text);
        } catch (error) {
          throw error instanceof Refused ? new Refused(`${where}: ${error.message}`) : error;
        }
      };
    },
  };
}

/** Parses the value of an option. Throws Error with a message for the user. */
function given<T>(option: string, text: string, parse: (text: string) => T | undefined): T | undefined {
  try {
    return parse(text);
  } catch (error) {
    throw error instanceof Refused ? new Error(`${option}: ${error.message}`) : error;
  }
}
