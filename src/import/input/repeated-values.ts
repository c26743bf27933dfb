import { importLimits as limits } from '../limits.js';
import type { CsvHeader } from './csv-header.js';
import { csvRecords } from './csv-records.js';
import { endOf, linesOf } from './file-lines.js';
import { hash64 } from './hash64.js';

/** A value that two rows of a column have. */
export interface RepeatedValue {
  readonly value: string;
  readonly lines: readonly [first: number, second: number];
}

/**
 * Finds a value that occurs twice in a column. Empty cells do not count. Memory is bounded: a table
 * of hashes holds as many values as it has room for, and a file with more of them is read several
 * times, each time for another part of all hashes.
 * @param onRead called with the bytes of the file that were read.
 */
export async function repeatedValue(
  file: string,
  header: CsvHeader,
  index: number,
  onRead: (bytes: number) => void,
  maxSlots: number = limits.maxKeySlots,
): Promise<RepeatedValue | undefined> {
  for (let parts = 1; ; parts *= 2) {
    const found = await searchInParts(file, header, index, parts, onRead, maxSlots);
    if (found !== 'full') return found;
  }
}

async function searchInParts(
  file: string,
  header: CsvHeader,
  index: number,
  parts: number,
  onRead: (bytes: number) => void,
  maxSlots: number,
): Promise<RepeatedValue | undefined | 'full'> {
  for (let part = 0; part < parts; part += 1) {
    const seen = new HashTable(maxSlots);
    for await (const records of csvRecords(linesOf(file, header.end), header.delimiter)) {
      for (const { lines, content } of records) {
        if ('unreadable' in content) continue;
        const value = content.fields[index]?.trim() ?? '';
        if (value === '') continue;
        const [high, low] = hash64(value);
        if (high % parts !== part) continue;
        const number = lines[0]?.number ?? 0;
        const first = seen.add(high, low, number);
        if (first === 'full') return 'full';
        if (first !== undefined) return { value, lines: [first, number] };
      }
      onRead(endOf(records.at(-1)?.lines ?? []).bytes);
    }
  }
  return undefined;
}

/** A set of 64-bit hashes with the line of each, in flat arrays (open addressing). */
class HashTable {
  #slots = 1_024;
  #used = 0;
  #high = new Uint32Array(this.#slots);
  #low = new Uint32Array(this.#slots);
  /** 0 marks a free slot: lines are counted from 1. */
  #lines = new Uint32Array(this.#slots);

  constructor(readonly maxSlots: number) {}

  /** Returns the line that has the hash already, or 'full' if there is no room. */
  add(high: number, low: number, line: number): number | undefined | 'full' {
    if (this.#used * 2 >= this.#slots) {
      if (this.#slots * 2 > this.maxSlots) return 'full';
      this.#grow();
    }
    const at = this.#find(high, low);
    const first = this.#lines[at] ?? 0;
    if (first !== 0) return first;
    this.#put(at, high, low, line);
    this.#used += 1;
    return undefined;
  }

  /** The slot of the hash, or the free one in which it belongs. */
  #find(high: number, low: number): number {
    let at = low & (this.#slots - 1);
    while (this.#lines[at] !== 0 && (this.#high[at] !== high || this.#low[at] !== low))
      at = (at + 1) & (this.#slots - 1);
    return at;
  }

  #put(at: number, high: number, low: number, line: number): void {
    this.#high[at] = high;
    this.#low[at] = low;
    this.#lines[at] = line;
  }

  #grow(): void {
    const [high, low, lines] = [this.#high, this.#low, this.#lines];
    this.#slots *= 2;
    this.#high = new Uint32Array(this.#slots);
    this.#low = new Uint32Array(this.#slots);
    this.#lines = new Uint32Array(this.#slots);
    for (const [nth, line] of lines.entries()) {
      if (line !== 0) this.#put(this.#find(high[nth] ?? 0, low[nth] ?? 0), high[nth] ?? 0, low[nth] ?? 0, line);
    }
  }
}
