import type { ReadEvents } from './read-partitions.js';
import type { StoredEvent } from './stored-event.js';

/** Reads a partition page by page: after a full page, the next one is read while that one is worked on. */
export class ReadAhead {
  readonly #readEvents: ReadEvents;
  readonly #partition: number;
  readonly #pageEvents: number;
  #ahead: { readonly after: number; readonly events: Promise<StoredEvent[]> } | undefined;

  constructor(readEvents: ReadEvents, partition: number, pageEvents: number) {
    this.#readEvents = readEvents;
    this.#partition = partition;
    this.#pageEvents = pageEvents;
  }

  /** The events after a position, a page at most. @param head where the log is known to end at least. */
  async after(position: number, head = 0): Promise<StoredEvent[]> {
    const ahead = this.#ahead?.after === position ? this.#ahead : undefined;
    this.#ahead = undefined;
    let stored = await (ahead?.events ?? this.#read(position));
    // What was read ahead may have been all there was then, and is not any more.
    if (ahead && stored.length < this.#pageEvents && position + stored.length < head)
      stored = await this.#read(position);
    const last = stored.at(-1);
    if (last && stored.length === this.#pageEvents) {
      const events = this.#read(last.position);
      // Fails when it is waited for, or not at all if it is not needed.
      events.catch(() => undefined);
      this.#ahead = { after: last.position, events };
    }
    return stored;
  }

  #read(after: number): Promise<StoredEvent[]> {
    return this.#readEvents(this.#partition, after, this.#pageEvents);
  }
}
