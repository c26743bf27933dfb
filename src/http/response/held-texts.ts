import type { ByteLedger } from '../../byte-ledger.js';

interface Held {
  /** Ends each reader that holds the text. */
  readonly readers: Set<() => void>;
  readonly release: () => void;
}

/**
 * Counts long texts that readers of streams have not taken yet. Readers mostly hold the same text:
 * it counts once, for the reader who held it first. If the ledger gives it up, all of them end.
 */
export class HeldTexts {
  readonly #held = new Map<Buffer, Held>();

  /**
   * @param end ends the reader.
   * @returns a function that releases the texts; further calls of it do nothing.
   */
  hold(ledger: ByteLedger, owner: string, texts: readonly Buffer[], end: () => void): () => void {
    // Each call is a reader of its own, also if the function is shared.
    const reader = () => end();
    for (const text of texts) {
      const held = this.#held.get(text);
      if (held) {
        held.readers.add(reader);
        continue;
      }
      const readers = new Set([reader]);
      const evict = () => {
        for (const one of readers) one();
      };
      this.#held.set(text, { readers, release: ledger.hold(owner, text.length, evict) });
    }
    return () => {
      for (const text of texts) {
        const held = this.#held.get(text);
        if (!held?.readers.delete(reader) || held.readers.size > 0) continue;
        this.#held.delete(text);
        held.release();
      }
    };
  }
}
