import { type FileHandle, mkdir, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAll } from '../../write-all.js';
import type { CsvHeader } from '../input/csv-header.js';
import { csvRecords, isBlank } from '../input/csv-records.js';
import { linesOf } from '../input/file-lines.js';
import { hash64 } from '../input/hash64.js';
import { checkCells } from '../input/read-csv.js';
import { importLimits as limits } from '../limits.js';

/** A row of the file, with the cells of some columns only. */
export interface SpilledRow {
  readonly line: number;
  /** The bytes of the row in the file. */
  readonly from: number;
  readonly to: number;
  readonly key: string;
  readonly cells: readonly string[];
}

/** The rows of a file on disk, in buckets: all rows with one key are in one bucket. */
export interface SpilledRows {
  /** The bytes of each bucket. */
  readonly sizes: readonly number[];
  /** The rows of a bucket by their key, in the order of the file. */
  readonly read: (bucket: number) => Promise<ReadonlyMap<string, readonly SpilledRow[]>>;
}

export interface SpillOptions {
  readonly file: string;
  readonly header: CsvHeader;
  /** The index of the column whose value groups the rows. */
  readonly keyIndex: number;
  /** The key of a row that belongs to another one than its own column says. */
  readonly otherKey?: (fields: readonly string[]) => string | undefined;
  /** The indexes of the columns to keep. */
  readonly kept: readonly number[];
  readonly folder: string;
  /** Called for each row that can be read. */
  readonly onRow?: (fields: readonly string[], line: number) => void;
  /** Called with the bytes of the file that were read. */
  readonly onRead?: (bytes: number) => void;
  /** Bytes of the file for which there is one bucket. */
  readonly bucketBytes?: number;
}

/**
 * Writes the rows of a file to buckets by the hash of their key, so that scattered rows come
 * together while memory stays bounded by one bucket. Throws Error, with a message for the user, if
 * a row cannot be read or has no key: it may belong to any order.
 */
export async function spillRows(options: SpillOptions): Promise<SpilledRows> {
  const { file, header, keyIndex, kept, folder, bucketBytes = limits.bucketBytes } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { size } = await stat(file);
  const count = Math.min(Math.max(Math.ceil(size / bucketBytes), 1), limits.maxBuckets);
  const buckets = new Buckets(folder, count);
  const unreadable: string[] = [];
  try {
    let from = header.end.bytes;
    for await (const records of csvRecords(linesOf(file, header.end), header.delimiter)) {
      for (const { lines, content } of records) {
        const line = lines[0]?.number ?? 0;
        const to = lines.at(-1)?.end ?? from;
        const reason = 'unreadable' in content ? content.unreadable : wrongRow(content.fields, header, keyIndex);
        if (reason !== undefined) unreadable.push(`line ${line}: ${reason}`);
        else if ('fields' in content && !isBlank(content.fields)) {
          const { fields } = content;
          options.onRow?.(fields, line);
          const key = options.otherKey?.(fields) ?? fields[keyIndex]?.trim() ?? '';
          buckets.add(hash64(key)[1] % count, [line, from, to, key, ...kept.map((index) => fields[index] ?? '')]);
        }
        from = to;
      }
      if (unreadable.length >= limits.maxShownRejections) break;
      await buckets.flushIfLarge();
      options.onRead?.(from);
    }
    await buckets.flush();
  } finally {
    await buckets.close();
  }
  if (unreadable.length > 0) {
    throw new Error(
      `nothing was placed: a row that cannot be read may belong to any order. Correct the file first.\n${unreadable.slice(0, limits.maxShownRejections).join('\n')}`,
    );
  }
  const { sizes } = buckets;
  return {
    sizes,
    read: (bucket) => readBucket(buckets.path(bucket), sizes[bucket] ?? 0, header.columns[keyIndex] ?? ''),
  };
}

/** Why a row belongs to no order. Undefined if it does, or if all of its cells are empty. */
function wrongRow(fields: readonly string[], header: CsvHeader, keyIndex: number): string | undefined {
  if (isBlank(fields)) return undefined;
  try {
    checkCells(fields, header);
  } catch (error) {
    return (error as Error).message;
  }
  if ((fields[keyIndex]?.trim() ?? '') !== '') return undefined;
  return `column "${header.columns[keyIndex]}" (--group-by) is empty`;
}

/** Files to which rows are appended, with what is not written yet. */
class Buckets {
  readonly #folder: string;
  readonly #pending: string[][];
  readonly #handles: (FileHandle | undefined)[];
  readonly sizes: number[];
  #pendingCharacters = 0;

  constructor(folder: string, count: number) {
    this.#folder = folder;
    this.#pending = Array.from({ length: count }, () => []);
    this.#handles = Array.from({ length: count }, () => undefined);
    this.sizes = Array.from({ length: count }, () => 0);
  }

  path(bucket: number): string {
    return join(this.#folder, `rows-${bucket}.ndjson`);
  }

  add(bucket: number, row: readonly (string | number)[]): void {
    const text = JSON.stringify(row);
    this.#pending[bucket]?.push(text);
    this.#pendingCharacters += text.length;
  }

  async flushIfLarge(): Promise<void> {
    if (this.#pendingCharacters >= limits.spillBufferCharacters) await this.flush();
  }

  async flush(): Promise<void> {
    for (const [bucket, rows] of this.#pending.entries()) {
      if (rows.length === 0) continue;
      const handle = this.#handles[bucket] ?? (await open(this.path(bucket), 'w', 0o600));
      this.#handles[bucket] = handle;
      const bytes = Buffer.from(`${rows.join('\n')}\n`);
      const size = this.sizes[bucket] ?? 0;
      await writeAll(handle, bytes, size);
      this.sizes[bucket] = size + bytes.length;
      this.#pending[bucket] = [];
    }
    this.#pendingCharacters = 0;
  }

  async close(): Promise<void> {
    for (const handle of this.#handles) await handle?.close();
  }
}

async function readBucket(
  path: string,
  bytes: number,
  column: string,
): Promise<ReadonlyMap<string, readonly SpilledRow[]>> {
  const orders = new Map<string, SpilledRow[]>();
  if (bytes === 0) return orders;
  if (bytes > limits.maxBucketBytes) {
    throw new Error(
      `--group-by ${column}: too many rows have the same value for one order. Choose the column of the order’s number`,
    );
  }
  for (const text of (await readFile(path, 'utf8')).split('\n')) {
    if (text === '') continue;
    // Only spillRows writes these files.
    const [line, from, to, key, ...cells] = JSON.parse(text) as [number, number, number, string, ...string[]];
    const rows = orders.get(key);
    const row = { line, from, to, key, cells };
    if (rows) rows.push(row);
    else orders.set(key, [row]);
  }
  return orders;
}
