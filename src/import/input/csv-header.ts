import type { FilePosition } from '../import-unit.js';
import { csvRecords } from './csv-records.js';
import { fileHint } from './file-hints.js';
import { endOf, linesOf } from './file-lines.js';

/** The first record of a CSV file. */
export interface CsvHeader {
  readonly columns: readonly string[];
  readonly end: FilePosition;
}

/** Reads the names of the columns. Throws Error with a message for the user. */
export async function readHeader(file: string, delimiter: string): Promise<CsvHeader> {
  for await (const [first] of csvRecords(linesOf(file, { lines: 0, bytes: 0 }), delimiter)) {
    if (!first) break;
    const { content } = first;
    if ('unreadable' in content) {
      const hint = await fileHint(file, delimiter);
      throw new Error(`${file}: the first line must contain the names of the columns. ${content.unreadable}${hint}`);
    }
    return { columns: content.fields.map((column) => column.trim()), end: endOf(first.lines) };
  }
  throw new Error(`${file} is empty: the first line must contain the names of the columns`);
}
