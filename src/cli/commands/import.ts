import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { readConfig } from '../../config.js';
import { type CsvMapping, datePattern, mappableFields, parseAssignments } from '../../import/csv-mapping.js';
import { importFile, rejectedFile } from '../../import/import-file.js';
import type { ImportProgress } from '../../import/import-progress.js';
import { readCsv, readNdjson } from '../../import/input-lines.js';
import { wireCommandHandlers } from '../../service/wire-commands.js';
import { withEventLog } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { errorMessage, UsageError } from '../terminal/errors.js';
import { printNotice } from '../terminal/notices.js';
import { ProgressBar } from '../terminal/progress-bar.js';

const usage = `orders import FILE [options]

  Imports orders from NDJSON, with one command per line as in POST /orders/batch, or from CSV with a
  header line. Every line passes the same checks as a request. If the import is interrupted, run the
  same command again: it continues where it stopped, and imports no line twice.

  --format ndjson|csv      by default csv if the file name ends with .csv, otherwise ndjson
  --map FIELD=COLUMN,…     CSV: the column that each field of the order is read from
                           fields: ${mappableFields.slice(0, 5).join(', ')},
                           ${mappableFields.slice(5).join(', ')}, metadata.NAME
  --set FIELD=VALUE,…      CSV: fields that have the same value in every order
  --date-format FORMAT     CSV: the format of occurred_at, in UTC, made of YYYY MM DD HH mm ss;
                           by default RFC 3339
  --delimiter CHARACTER    CSV: by default a comma
  --source NAME            identifies the file for ever: line N of NAME is imported once;
                           by default the file name
  --restart                start at the first line, even if an earlier import was interrupted

  Rejected lines are written to FILE.rejected.ndjson, each with its line number and the reason.

  Exit code 3: at least one line was rejected.`;

const options = {
  format: { type: 'string' },
  map: { type: 'string' },
  set: { type: 'string' },
  'date-format': { type: 'string' },
  delimiter: { type: 'string' },
  source: { type: 'string' },
  restart: { type: 'boolean' },
} as const;

/** `orders import`: imports orders from a file, with the same checks as requests. */
export async function importCommand(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args, usage, options, 1);
  if (values.help) return console.log(usage);
  const [file] = positionals;
  if (file === undefined) throw new UsageError(usage);
  const { size } = await stat(file);
  const source = values.source ?? basename(file);
  if (!/^[\x20-\x7e]{1,150}$/.test(source)) {
    throw new UsageError('--source must be 1 to 150 printable ASCII characters');
  }
  const format = values.format ?? (extname(file).toLowerCase() === '.csv' ? 'csv' : 'ndjson');
  const mapping = format === 'csv' ? readMapping(values) : undefined;

  await withEventLog(async (eventLog) => {
    const view = new ProgressView(size);
    try {
      const result = await importFile({
        file,
        source,
        read: (from) => (mapping ? readCsv(file, from, mapping, values.delimiter ?? ',') : readNdjson(file, from)),
        handlers: wireCommandHandlers(eventLog, eventLog.log),
        defaultCurrency: eventLog.config.defaultCurrency,
        restart: values.restart ?? false,
        onProgress: (progress) => view.update(progress),
      });
      view.end();
      view.printResult(result);
      if (result.rejected > 0) {
        console.log(`the rejected lines and the reasons are in ${rejectedFile(file)}`);
        process.exitCode = 3;
      }
    } finally {
      view.end();
    }
  }, readConfig(process.env).poolSize);
}

/**
 * Shows the progress of an import. An import that continues an earlier one starts with that one's
 * lines.
 */
class ProgressView {
  readonly #fileBytes: number;
  #bar: ProgressBar | undefined;
  /** Lines that an interrupted import has done. */
  #linesBefore = 0;

  constructor(fileBytes: number) {
    this.#fileBytes = fileBytes;
  }

  update(progress: ImportProgress): void {
    const lines = countLines(progress);
    const { bytes } = progress.position;
    if (!this.#bar) {
      this.#linesBefore = lines;
      this.#bar = new ProgressBar('lines', lines > 0 ? bytes / this.#fileBytes : 0);
      if (lines > 0) printNotice(`continuing after ${formatCount(lines)} lines of an interrupted import`);
    }
    this.#bar.update(bytes / Math.max(this.#fileBytes, 1), lines - this.#linesBefore);
  }

  end(): void {
    this.#bar?.end();
  }

  printResult(result: ImportProgress): void {
    const seconds = this.#bar?.elapsedSeconds() ?? 0;
    const lines = countLines(result);
    const rate = Math.round((lines - this.#linesBefore) / Math.max(seconds, 0.001));
    const { imported, alreadyThere, rejected } = result;
    console.log(
      `${formatCount(lines)} lines: ${formatCount(imported)} imported, ${formatCount(alreadyThere)} already there, ` +
        `${formatCount(rejected)} rejected; ${seconds.toFixed(1)} s, ${formatCount(rate)} lines/s`,
    );
  }
}

function countLines({ imported, alreadyThere, rejected }: ImportProgress): number {
  return imported + alreadyThere + rejected;
}

function formatCount(count: number): string {
  return count.toLocaleString('en');
}

function readMapping(values: { map?: string; set?: string; 'date-format'?: string }): CsvMapping {
  if (!values.map) throw new UsageError(`a CSV file needs --map\n\n${usage}`);
  try {
    const dateFormat = values['date-format'];
    if (dateFormat !== undefined) datePattern(dateFormat);
    return {
      columns: parseAssignments(values.map, '--map'),
      constants: values.set ? parseAssignments(values.set, '--set') : new Map(),
      dateFormat,
    };
  } catch (error) {
    throw new UsageError(errorMessage(error));
  }
}
