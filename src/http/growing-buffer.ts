import { httpLimits as limits } from './limits.js';

/**
 * Bytes that arrive in pieces, copied into one buffer. A piece that is kept as it arrived costs
 * some hundreds of bytes however small it is, and keeps the whole read of the socket in memory.
 */
export class GrowingBuffer {
  readonly #maxBytes: number;
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;

  /** @param maxBytes the buffer never takes more memory than this. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The bytes that were appended. */
  get length(): number {
    return this.#length;
  }

  /** The bytes of memory that are taken. */
  get capacity(): number {
    return this.#buffer.length;
  }

  /**
   * Throws RangeError beyond `maxBytes`.
   * @returns the bytes by which the memory has grown.
   */
  append(piece: Buffer): number {
    const needed = this.#length + piece.length;
    if (needed > this.#maxBytes) throw new RangeError(`more than ${this.#maxBytes} bytes`);
    const before = this.capacity;
    if (needed > before) {
      const grown = Buffer.allocUnsafeSlow(
        Math.min(this.#maxBytes, Math.max(needed, 2 * before, limits.initialBodyBytes)),
      );
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    piece.copy(this.#buffer, this.#length);
    this.#length = needed;
    return this.capacity - before;
  }

  /** Returns the bytes. The buffer is empty afterwards and holds no memory. */
  take(): Buffer {
    const bytes = this.#buffer.subarray(0, this.#length);
    this.clear();
    return bytes;
  }

  /** Gives up the bytes and their memory. */
  clear(): void {
    this.#buffer = Buffer.alloc(0);
    this.#length = 0;
  }
}
