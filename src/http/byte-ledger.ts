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
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
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
    this.#count(owner, bytes);
    while (this.#bytes > this.#maxBytes) this.#evictOne();
    return () => this.#release(owner, holding);
  }

  #evictOne(): void {
    let owner = '';
    let most = -1;
    for (const [name, bytes] of this.#bytesOf) if (bytes > most) [owner, most] = [name, bytes];
    const [oldest] = this.#holdings.get(owner) ?? [];
    if (!oldest) return;
    this.#release(owner, oldest);
    oldest.evict();
  }

  #release(owner: string, holding: Holding): void {
    const ofOwner = this.#holdings.get(owner);
    if (!ofOwner?.delete(holding)) return;
    if (ofOwner.size === 0) this.#holdings.delete(owner);
    this.#count(owner, -holding.bytes);
  }

  #count(owner: string, bytes: number): void {
    this.#bytes += bytes;
    const total = (this.#bytesOf.get(owner) ?? 0) + bytes;
    if (total === 0) this.#bytesOf.delete(owner);
    else this.#bytesOf.set(owner, total);
  }
}
