import type { FilePosition } from '../import-unit.js';
import { csvRecords } from './csv-records.js';
import { declaredDelimiter, fileHint } from './file-hints.js';
import { endOf, linesOf, textOf } from './file-lines.js';

/** The beginning of a CSV file. */
export interface CsvHeader {
  readonly columns: readonly string[];
  readonly delimiter: string;
  readonly end: FilePosition;
}

const start: FilePosition = { lines: 0, bytes: 0 };

/**
 * Reads the names of the columns. Throws Error with a message for the user.
 * @param given the delimiter that the user names. By default the one that the file declares, or a
 *   comma.
 */
export async function readHeader(file: string, given: string | undefined): Promise<CsvHeader> {
  const declared = await readDeclaration(file);
  if (declared && given !== undefined && given !== declared.delimiter) {
    throw new Error(
      `--delimiter '${shown(given)}': ${file} begins with the line sep=${shown(declared.delimiter)}: ` +
        'remove the option or the line',
    );
  }
  const delimiter = declared?.delimiter ?? given ?? ',';
  for await (const [first] of csvRecords(linesOf(file, declared?.end ?? start), delimiter)) {
    if (!first) break;
    const { content } = first;
    if ('unreadable' in content) {
      const hint = await fileHint(file, delimiter);
      throw new Error(
        `${file}: the first line must contain the names of the columns. ${content.unreadable.replace(/\.$/, '')}${hint}`,
      );
    }
    return { columns: content.fields.map((column) => column.trim()), delimiter, end: endOf(first.lines) };
  }
  throw new Error(`${file} is empty: the first line must contain the names of the columns`);
}

function shown(delimiter: string): string {
  return delimiter === '\t' ? '\\t' : delimiter;
}

async function readDeclaration(file: string): Promise<Pick<CsvHeader, 'delimiter' | 'end'> | undefined> {
  for await (const [line] of linesOf(file, start)) {
    if (!line) continue;
    const delimiter = declaredDelimiter(textOf([line]));
    return delimiter === undefined ? undefined : { delimiter, end: endOf([line]) };
  }
  return undefined;
}
