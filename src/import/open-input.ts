import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { derivedOrderId } from '../commands/order-ids.js';
import { dayOrder } from './checking/day-order.js';
import { firstOrders, type GroupedSource, groupedOrders } from './grouping/grouped-orders.js';
import { joinedRows } from './grouping/joined-rows.js';
import { spillRows } from './grouping/spilled-rows.js';
import { type FileFingerprint, fingerprintOf, importActor, keyOfLine, keyOfValue } from './identity.js';
import type { FilePosition, ImportGroup } from './import-unit.js';
import { type CsvHeader, readHeader } from './input/csv-header.js';
import { fileHint } from './input/file-hints.js';
import { checkFileKind, checkTextKind } from './input/file-kind.js';
import { eachRow, readCsv } from './input/read-csv.js';
import { everyLineHasKey, readNdjson } from './input/read-ndjson.js';
import { repeatedValue } from './input/repeated-values.js';
import { checkEncoding, type Encoding, writeUtf8Copy } from './input/utf8-copy.js';
import {
  type CsvMapping,
  columnIndexes,
  firstRowColumns,
  identifiedKinds,
  orderColumns,
  transactionColumns,
} from './mapping/csv-mapping.js';

import { fieldReaders } from './mapping/field-readers.js';
import { transactionIds, transactionKinds } from './mapping/fields.js';
import { type Identity, orderReader } from './mapping/order-reader.js';
import { Warnings } from './mapping/warnings.js';
import { returnedRows } from './returns/returned-rows.js';
import { removeAbandonedFolders, workFolder } from './work-folder.js';

export interface CsvOptions {
  /** Undefined for what the file declares, or a comma. */
  readonly delimiter: string | undefined;
  /** The mapping for a file with these columns. Throws Error with a message for the user. */
  readonly mappingOf: (columns: readonly string[]) => CsvMapping;
}

export interface InputOptions {
  readonly file: string;
  readonly source: string;
  readonly encoding: Encoding;
  /** Undefined for NDJSON. */
  readonly csv: CsvOptions | undefined;
  /**
   * Called with the bytes that were read, of all bytes, before the import begins. The file may be
   * read several times, also after it was opened.
   */
  readonly onRead?: (bytes: number, of: number) => void;
}

/** A file that is ready to be imported. */
export interface Input {
  readonly read: (from: FilePosition) => AsyncIterable<ImportGroup>;
  /** At least the first orders of the file, in its order, as many as it has. */
  readonly readFirst: (count: number) => AsyncIterable<ImportGroup>;
  /** The number of bytes that positions count up to. */
  readonly bytes: number;
  readonly fingerprint: FileFingerprint;
  readonly warnings: Warnings;
  /** Undefined for NDJSON. */
  readonly mapping: CsvMapping | undefined;
  /** Whether no line of NDJSON is identified by its number. Reads the file once more. */
  readonly everyLineHasKey: () => Promise<boolean>;
  /** Removes what was written to disk to read the file. */
  readonly close: () => Promise<void>;
}

/**
 * Opens a file and checks all that can be checked before anything is placed. Throws Error with a
 * message for the user.
 */
export async function openInput(options: InputOptions): Promise<Input> {
  const { file, encoding, csv } = options;
  await checkFileKind(file);
  await checkEncoding(file, encoding);
  const { size } = await stat(file);
  const onRead = (read: number) => options.onRead?.(read, size);
  const fingerprint = await fingerprintOf(file, onRead);
  await removeAbandonedFolders(file);
  const folder = workFolder(file);
  await rm(folder, { recursive: true, force: true });
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    let text = file;
    if (encoding !== 'utf-8') {
      await mkdir(folder, { mode: 0o700 });
      text = join(folder, 'utf-8');
      await writeUtf8Copy(file, encoding, text, onRead);
    }
    await checkTextKind(file, text, csv ? 'csv' : 'ndjson');
    const warnings = new Warnings();
    const { size: bytes } = await stat(text);
    const opened: OpenedInput = csv
      ? await openCsv({ ...options, ...csv, text, bytes, folder, warnings })
      : { read: (from: FilePosition) => readNdjson(text, from), bytes, mapping: undefined };
    const hasKeys = async () => !csv && (await everyLineHasKey(text, (read) => options.onRead?.(read, bytes)));
    const readFirst = opened.readFirst ?? (() => opened.read({ lines: 0, bytes: 0 }));
    return { ...opened, readFirst, fingerprint, warnings, everyLineHasKey: hasKeys, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** How a file is read; without `readFirst`, from its beginning. */
type OpenedInput = Pick<Input, 'read' | 'bytes' | 'mapping'> & Partial<Pick<Input, 'readFirst'>>;

interface CsvInput {
  /** The file in UTF-8. */
  readonly text: string;
  readonly bytes: number;
  readonly folder: string;
  readonly source: string;
  readonly delimiter: CsvOptions['delimiter'];
  readonly mappingOf: CsvOptions['mappingOf'];
  readonly warnings: Warnings;
  readonly onRead?: InputOptions['onRead'];
}

async function openCsv(input: CsvInput): Promise<OpenedInput> {
  const { text, source, warnings } = input;
  const header = await readHeader(text, input.delimiter);
  const hint = await fileHint(text, header.delimiter);
  const mapping = withHint(hint, () => input.mappingOf(header.columns));
  const indexes = columnIndexes(mapping, header.columns, hint);
  const identity: Identity = {
    ofValue: (value) => keyOfValue(source, value),
    ofLine: (line) => keyOfLine(source, line),
    orderId: (key) => derivedOrderId(importActor, key),
  };
  if (mapping.groupColumn !== undefined)
    return groupRows(input, mapping, mapping.groupColumn, header, indexes, identity);
  const onRead = (read: number) => input.onRead?.(read, input.bytes);
  const { readOrder } = orderReader(mapping, (column) => indexes.get(column) ?? -1, identity, warnings);
  for (const [option, column] of identifyingColumns(mapping)) {
    const repeated = await repeatedValue(text, header, indexes.get(column) ?? -1, onRead);
    if (!repeated) continue;
    const [first, second] = repeated.lines;
    throw new Error(
      `${option}: "${repeated.value}" is in lines ${first} and ${second}, so nothing was placed. If several rows are one ` +
        'order, set --group-by COLUMN with the column of the order’s number; otherwise correct the file',
    );
  }
  const days = dayOrder(mapping, (column) => indexes.get(column) ?? -1, warnings);
  if (days) await eachRow(text, header, days.look, onRead);
  days?.check();
  return { read: (from) => readCsv({ file: text, header, readOrder }, from), bytes: input.bytes, mapping };
}

/** Adds what the file may need to a message about its columns. */
function withHint<T>(hint: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    throw error instanceof Error ? new Error(error.message + hint) : error;
  }
}

async function groupRows(
  { text, bytes, folder, warnings, onRead }: CsvInput,
  mapping: CsvMapping,
  groupColumn: string,
  header: CsvHeader,
  indexes: ReadonlyMap<string, number>,
  identity: Identity,
): Promise<OpenedInput> {
  const columns = [...indexes.keys()];
  const indexOf = (column: string) => columns.indexOf(column);
  const reader = orderReader(mapping, indexOf, identity, warnings);
  const { orderOf } = returnedRows(
    mapping,
    fieldReaders(mapping, (column) => indexes.get(column) ?? -1),
  );
  const days = dayOrder(mapping, (column) => indexes.get(column) ?? -1, warnings);
  const rows = await spillRows({
    file: text,
    header,
    keyIndex: indexes.get(groupColumn) ?? -1,
    ...(mapping.columns.has('return_of') ? { otherKey: orderOf } : {}),
    kept: [...indexes.values()],
    folder,
    ...(days ? { onRow: days.look } : {}),
    onRead: (read) => onRead?.(read, bytes),
  });
  days?.check();
  const identified = identifiedKinds(mapping);
  const idsOf = transactionKinds.flatMap((kind) =>
    identified.includes(kind)
      ? []
      : [...transactionColumns(mapping, kind)].map((column) => [column, transactionIds[kind]] as const),
  );
  const shared = { columns, firstRowColumns: firstRowColumns(mapping), idsOf: new Map(idsOf), warnings };
  const grouped: GroupedSource = {
    ...shared,
    file: text,
    rows,
    orderColumns: orderColumns(mapping),
    groupIndex: indexOf(groupColumn),
    timeIndex: indexOf(mapping.columns.get('occurred_at') ?? ''),
    reader,
    joined: joinedRows(mapping, shared, reader.transactions, reader.lineId),
  };
  return {
    read: (from) => groupedOrders(grouped, from),
    readFirst: (count) => firstOrders(grouped, count),
    mapping,
    bytes: rows.sizes.reduce((sum, size) => sum + size, 0),
  };
}

/** The columns of which every value should name one order, with the options that say so. */
function identifyingColumns({ columns, keyColumn }: CsvMapping): [option: string, column: string][] {
  const found: [option: string, column: string][] = [];
  for (const field of ['reference', 'order_id']) {
    const column = columns.get(field);
    if (column !== undefined) found.push([`--map ${field}=${column}`, column]);
  }
  if (keyColumn !== undefined) found.push([`--key ${keyColumn}`, keyColumn]);
  return found.filter(([, column], nth) => found.findIndex(([, other]) => other === column) === nth);
}
