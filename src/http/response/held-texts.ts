import type { ByteLedger } from '../byte-ledger.js';

interface Reader {
  readonly owner: string;
  readonly end: () => void;
}

interface Held {
  readonly readers: Set<Reader>;
  /** The text counts for this owner. */
  owner: string;
  release: () => void;
}

/**
 * Counts long texts that readers of streams have not taken yet. Readers mostly hold the same text:
 * it counts once, for the owner of the reader who held it first. If the ledger gives it up, the
 * readers of that owner end. It then counts for the owner of another reader, if there is one.
 */
export class HeldTexts {
  readonly #held = new Map<Buffer, Held>();

  /**
   * @param end ends the reader.
   * @returns a function that releases the texts; further calls of it do nothing.
   */
  hold(ledger: ByteLedger, owner: string, texts: readonly Buffer[], end: () => void): () => void {
    const reader = { owner, end };
    for (const text of texts) {
      const held = this.#held.get(text);
      if (held) {
        held.readers.add(reader);
      } else {
        const first = { readers: new Set([reader]), owner, release: () => undefined };
        this.#held.set(text, first);
        this.#count(ledger, text, first);
      }
    }
    return () => {
      for (const text of texts) this.#release(text, reader);
    };
  }

  #count(ledger: ByteLedger, text: Buffer, held: Held): void {
    const { owner } = held;
    const release = ledger.hold(owner, text.length, () => this.#giveUp(ledger, text, held));
    // The ledger may give up a text at once: then it counts for the next owner already.
    if (held.owner === owner) held.release = release;
  }

  #giveUp(ledger: ByteLedger, text: Buffer, held: Held): void {
    const ended = [...held.readers].filter(({ owner }) => owner === held.owner);
    for (const reader of ended) held.readers.delete(reader);
    const [next] = held.readers;
    if (next) {
      held.owner = next.owner;
      this.#count(ledger, text, held);
    } else {
      this.#held.delete(text);
    }
    for (const { end } of ended) end();
  }

  #release(text: Buffer, reader: Reader): void {
    const held = this.#held.get(text);
    if (!held?.readers.delete(reader) || held.readers.size > 0) return;
    this.#held.delete(text);
    held.release();
  }
}
