import { Tally } from './tally.js';

interface Holding {
  readonly bytes: number;
  readonly evict: () => void;
}

/**
 * Bounds the bytes that are held in memory for clients, such as responses that are not taken yet.
 * Beyond the limit it evicts the oldest holding of the owner that holds the most. Bytes of clients
 * that keep up are held for milliseconds, so eviction meets those that do not.
 */
export class ByteLedger {
  readonly #maxBytes: number;
  /** By owner, oldest holding first. */
  readonly #holdings = new Map<string, Set<Holding>>();
  readonly #bytes = new Tally();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes.sum;
  }

  /**
   * Counts bytes until they are released. May evict holdings at once, this one included.
   * @param evict gives up what the bytes are held for.
   * @returns a function that releases the bytes; further calls of it do nothing.
   */
  hold(owner: string, bytes: number, evict: () => void): () => void {
    const holding: Holding = { bytes, evict };
    const ofOwner = this.#holdings.get(owner) ?? new Set();
    this.#holdings.set(owner, ofOwner.add(holding));
    this.#bytes.add(owner, bytes);
    while (this.bytes > this.#maxBytes) this.#evictOne();
    return () => this.#release(owner, holding);
  }

  #evictOne(): void {
    const owner = this.#bytes.largest() ?? '';
    const [oldest] = this.#holdings.get(owner) ?? [];
    if (!oldest) return;
    this.#release(owner, oldest);
    oldest.evict();
  }

  #release(owner: string, holding: Holding): void {
    const ofOwner = this.#holdings.get(owner);
    if (!ofOwner?.delete(holding)) return;
    if (ofOwner.size === 0) this.#holdings.delete(owner);
    this.#bytes.add(owner, -holding.bytes);
  }
}
