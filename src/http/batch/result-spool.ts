import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batchLimits as limits } from './limits.js';

/** The bytes that the spools of all batches have in files. */
export class SpoolSpace {
  used = 0;

  get isFull(): boolean {
    return this.used >= limits.maxSpoolBytes;
  }
}

/**
 * Keeps the results of a batch until the client reads them. Many clients send all lines before they
 * read: without a place for their results, both sides would wait for each other.
 *
 * Results are in memory at first. Beyond `maxSpoolMemoryBytes` further ones go to a file, until the
 * client has read all of it. The file has no name once it is open, so that nothing is left of it
 * when the process ends.
 */
export class ResultSpool implements AsyncIterable<Buffer> {
  readonly #space: SpoolSpace;
  /** The oldest results. */
  #inMemory: Buffer[] = [];
  #memoryBytes = 0;
  #file: FileHandle | undefined;
  /** The part of the file that is written and not read yet. All of it is newer than the memory. */
  #readFrom = 0;
  #writtenTo = 0;
  #isWriting = false;
  #ended: { readonly error?: unknown } | undefined;
  #isClosed = false;
  #wakeReader: (() => void) | undefined;

  constructor(space: SpoolSpace) {
    this.#space = space;
  }

  /** Whether the client has to read before further lines are handled. */
  get isFull(): boolean {
    return this.#writtenTo >= limits.maxSpoolFileBytes || (this.#writtenTo > 0 && this.#space.isFull);
  }

  /** Adds results. One call after the other: each has to resolve before the next. */
  async push(text: string): Promise<void> {
    if (this.#isClosed) return;
    const bytes = Buffer.from(text);
    const fitsInMemory = this.#memoryBytes + bytes.length <= limits.maxSpoolMemoryBytes;
    if (this.#writtenTo === 0 && fitsInMemory) {
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

  async #append(bytes: Buffer): Promise<void> {
    this.#isWriting = true;
    try {
      this.#file ??= await openNameless();
      await this.#file.write(bytes, 0, bytes.length, this.#writtenTo);
      this.#writtenTo += bytes.length;
      this.#space.used += bytes.length;
    } finally {
      this.#isWriting = false;
      if (this.#isClosed) await this.#closeFile();
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const oldest = this.#inMemory.shift();
        if (oldest) {
          this.#memoryBytes -= oldest.length;
          yield oldest;
        } else if (this.#file && this.#readFrom < this.#writtenTo) {
          yield await this.#readFile(this.#file);
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
      this.#isClosed = true;
      if (!this.#isWriting) await this.#closeFile();
    }
  }

  async #readFile(file: FileHandle): Promise<Buffer> {
    const piece = Buffer.allocUnsafe(Math.min(this.#writtenTo - this.#readFrom, limits.spoolPieceBytes));
    const { bytesRead } = await file.read(piece, 0, piece.length, this.#readFrom);
    if (bytesRead === 0) throw new Error('the spool of a batch ends early');
    this.#readFrom += bytesRead;
    // All of the file has been read: further results go to memory again.
    if (this.#readFrom === this.#writtenTo && !this.#isWriting) this.#restartFile();
    return piece.subarray(0, bytesRead);
  }

  #restartFile(): void {
    this.#space.used -= this.#writtenTo;
    this.#readFrom = 0;
    this.#writtenTo = 0;
  }

  async #closeFile(): Promise<void> {
    this.#restartFile();
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

async function openNameless(): Promise<FileHandle> {
  const name = join(tmpdir(), `orders-batch-${randomUUID()}`);
  const file = await open(name, 'wx+', 0o600);
  await unlink(name);
  return file;
}
