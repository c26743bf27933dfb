import type { ReadEvents } from '../event-log/read-partitions.js';
import type { StoredEvent } from '../event-log/stored-event.js';
import { projectorLimits as limits } from './limits.js';

/** Reads a partition page by page: after a full page, the next one is read while that one is worked on. */
export class ReadAhead {
  readonly #readEvents: ReadEvents;
  readonly #partition: number;
  #ahead: { readonly after: number; readonly events: Promise<StoredEvent[]> } | undefined;

  constructor(readEvents: ReadEvents, partition: number) {
    this.#readEvents = readEvents;
    this.#partition = partition;
  }

  /** The events after a position. @param head where the log is known to end at least. */
  async after(position: number, head: number): Promise<StoredEvent[]> {
    const ahead = this.#ahead?.after === position ? this.#ahead : undefined;
    this.#ahead = undefined;
    let stored = await (ahead?.events ?? this.#read(position));
    // What was read ahead may have been all there was then, and is not any more.
    if (ahead && stored.length < limits.maxStepEvents && position + stored.length < head) {
      stored = await this.#read(position);
    }
    const last = stored.at(-1);
    if (last && stored.length === limits.maxStepEvents) {
      const events = this.#read(last.position);
      // Fails when it is waited for, or not at all if it is not needed.
      events.catch(() => undefined);
      this.#ahead = { after: last.position, events };
    }
    return stored;
  }

  #read(after: number): Promise<StoredEvent[]> {
    return this.#readEvents(this.#partition, after, limits.maxStepEvents);
  }
}
