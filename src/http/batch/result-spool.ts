import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeAll } from '../../write-all.js';
import { Tally } from '../tally.js';
import { batchLimits as limits } from './limits.js';

/** The bytes that the spools of all batches have in files. */
export class SpoolSpace {
  readonly #used = new Tally();

  get used(): number {
    return this.#used.sum;
  }

  /** Whether an owner may write no more: all of the space is used, or the owner's share of it. */
  isFullFor(owner: string): boolean {
    const share = limits.maxSpoolBytes * limits.maxSpoolShare;
    return this.used >= limits.maxSpoolBytes || this.#used.of(owner) >= share;
  }

  /** @param bytes that were written, or a negative number of bytes that are free again. */
  count(owner: string, bytes: number): void {
    this.#used.add(owner, bytes);
  }
}

/** A file of a spool. It is closed once it is full and all of it was read. */
interface SpoolFile {
  readonly handle: FileHandle;
  readFrom: number;
  writtenTo: number;
}

/**
 * Keeps the results of a batch until the client reads them. Many clients send all lines before they
 * read: without a place for their results, both sides would wait for each other.
 *
 * Results are in memory at first. Beyond `maxSpoolMemoryBytes` further ones go to files, until the
 * client has read all of them. A file takes `spoolFileBytes`: so the space of results that were
 * read is free again, however long the batch. The files have no names once they are open, so that
 * nothing is left of them when the process ends.
 */
export class ResultSpool implements AsyncIterable<Buffer> {
  readonly #space: SpoolSpace;
  readonly #owner: string;
  /** The oldest results. */
  #inMemory: Buffer[] = [];
  #memoryBytes = 0;
  /** The oldest one first. All that is in them is newer than the memory. */
  readonly #files: SpoolFile[] = [];
  /** The bytes in files that were not read yet. */
  #unread = 0;
  #isWriting = false;
  #ended: { readonly error?: unknown } | undefined;
  #isClosed = false;
  #wakeReader: (() => void) | undefined;

  constructor(space: SpoolSpace, owner: string) {
    this.#space = space;
    this.#owner = owner;
  }

  /** Whether the client has to read before further lines are handled. */
  get isFull(): boolean {
    return this.#unread >= limits.maxUnreadSpoolBytes || (this.#unread > 0 && this.#space.isFullFor(this.#owner));
  }

  /** Adds results. One call after the other: each has to resolve before the next. */
  async push(text: string): Promise<void> {
    if (this.#isClosed) return;
    const bytes = Buffer.from(text);
    const fitsInMemory = this.#memoryBytes + bytes.length <= limits.maxSpoolMemoryBytes;
    if (this.#unread === 0 && fitsInMemory) {
      this.#inMemory.push(bytes);
      this.#memoryBytes += bytes.length;
    } else {
      await this.#append(bytes);
    }
    this.#wakeReader?.();
  }

  /** No results follow. @param error ends the reading with this error. */
  end(error?: unknown): void {
    this.#ended ??= error === undefined ? {} : { error };
    this.#wakeReader?.();
  }

  /**
   * Gives up the results that were not read, and their space. The owner calls it once the response
   * is over. The end of the reading is not enough: a response whose turn on its connection never
   * came has not begun to read.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#inMemory = [];
    this.#wakeReader?.();
    if (!this.#isWriting) await this.#closeFiles();
  }

  async #append(bytes: Buffer): Promise<void> {
    this.#isWriting = true;
    try {
      const file = await this.#fileToWrite();
      await writeAll(file.handle, bytes, file.writtenTo);
      file.writtenTo += bytes.length;
      this.#unread += bytes.length;
      this.#space.count(this.#owner, bytes.length);
    } finally {
      this.#isWriting = false;
      if (this.#isClosed) await this.#closeFiles();
    }
  }

  async #fileToWrite(): Promise<SpoolFile> {
    const last = this.#files.at(-1);
    if (last && last.writtenTo < limits.spoolFileBytes) return last;
    const file = { handle: await openNameless(), readFrom: 0, writtenTo: 0 };
    this.#files.push(file);
    return file;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      while (!this.#isClosed) {
        const oldest = this.#inMemory.shift();
        if (oldest) {
          this.#memoryBytes -= oldest.length;
          yield oldest;
        } else if (this.#unread > 0) {
          yield await this.#readFile(await this.#oldestFile());
        } else if (this.#ended) {
          if (this.#ended.error !== undefined) throw this.#ended.error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve;
          });
          this.#wakeReader = undefined;
        }
      }
    } finally {
      await this.close();
    }
  }

  /** The oldest file with bytes that were not read. Closes those before it. */
  async #oldestFile(): Promise<SpoolFile> {
    for (;;) {
      const [file] = this.#files;
      if (!file) throw new Error('the spool of a batch has lost its files');
      if (file.readFrom < file.writtenTo) return file;
      this.#files.shift();
      this.#restart(file);
      await file.handle.close();
    }
  }

  async #readFile(file: SpoolFile): Promise<Buffer> {
    const piece = Buffer.allocUnsafe(Math.min(file.writtenTo - file.readFrom, limits.spoolPieceBytes));
    const { bytesRead } = await file.handle.read(piece, 0, piece.length, file.readFrom);
    if (bytesRead === 0) throw new Error('the spool of a batch ends early');
    file.readFrom += bytesRead;
    this.#unread -= bytesRead;
    // All has been read: further results go to memory again, and then to the same file.
    if (this.#unread === 0 && !this.#isWriting) this.#restart(file);
    return piece.subarray(0, bytesRead);
  }

  #restart(file: SpoolFile): void {
    this.#space.count(this.#owner, -file.writtenTo);
    file.readFrom = 0;
    file.writtenTo = 0;
  }

  async #closeFiles(): Promise<void> {
    this.#unread = 0;
    for (const file of this.#files.splice(0)) {
      this.#restart(file);
      await file.handle.close();
    }
  }
}

async function openNameless(): Promise<FileHandle> {
  const name = join(tmpdir(), `orders-batch-${randomUUID()}`);
  const file = await open(name, 'wx+', 0o600);
  await unlink(name);
  return file;
}
