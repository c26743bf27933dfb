import { createWriteStream, type WriteStream } from 'node:fs';
import type { HistoryRecord } from './history.js';

type Unstamped<Rec> = Rec extends HistoryRecord ? Omit<Rec, 'at'> : never;

/** The history of a run, in memory and, line by line, in a file. */
export class HistoryFile {
  readonly records: HistoryRecord[] = [];
  readonly #file: WriteStream;
  readonly #startMs = performance.now();

  constructor(readonly path: string) {
    this.#file = createWriteStream(path);
  }

  /** Milliseconds since the start of the run. */
  now(): number {
    return Math.round((performance.now() - this.#startMs) * 1_000) / 1_000;
  }

  /** Adds a record that ends now. */
  add(record: Unstamped<HistoryRecord>): void {
    this.#append({ ...record, at: this.now() } as HistoryRecord);
  }

  /** Adds a record whose `at` is known already, such as that of a fault when it has healed. */
  addStamped(record: HistoryRecord): void {
    this.#append(record);
  }

  /** Resolves once the file has everything. */
  async close(): Promise<void> {
    await new Promise((resolve) => this.#file.end(resolve));
    this.records.sort((a, b) => a.at - b.at);
  }

  #append(record: HistoryRecord): void {
    this.records.push(record);
    this.#file.write(`${JSON.stringify(record)}\n`);
  }
}
