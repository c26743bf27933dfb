import type { CommandDeps } from '../../commands/handle-command.js';
import type { Append, AppendResult } from '../../event-log/append/append.js';
import type { StoredEvent } from '../../event-log/stored-event.js';
import { utcTime } from '../../orders/values/utc-time.js';
import { importLimits as limits } from '../limits.js';

/** The events of one order, and their size. */
interface Stream {
  readonly events: StoredEvent[];
  characters: number;
}

const noHash = Buffer.alloc(0);

/**
 * A log in memory, which keeps the orders that were changed last: a command follows its order
 * closely. It has one partition, and no hash chain.
 */
export class MemoryLog implements CommandDeps {
  /** By order id, the one that was changed last at the end. */
  readonly #streams = new Map<string, Stream>();
  #characters = 0;

  readonly now = () => utcTime(Date.now());
  readonly readStream = async (orderId: string, after = 0) => {
    const events = this.#streams.get(orderId)?.events ?? [];
    return { events: events.slice(after), hashBefore: events[after - 1]?.hash, isLast: true };
  };
  readonly append = async (append: Append) => this.#append(append);
  readonly appendAll = async (appends: readonly Append[]) => appends.map((append) => this.#append(append));

  #append({ orderId, expectedVersion, events }: Append): AppendResult {
    const stream = this.#streams.get(orderId) ?? { events: [], characters: 0 };
    const version = stream.events.length;
    if (version !== expectedVersion) return { appended: false, version };
    const recordedAt = this.now();
    for (const event of events) {
      stream.events.push({
        partition: 0,
        position: 0,
        orderId,
        version: stream.events.length + 1,
        recordedAt,
        hash: noHash,
        ...event,
      });
      const { length } = event.data + event.metadata;
      stream.characters += length;
      this.#characters += length;
    }
    this.#streams.delete(orderId);
    this.#streams.set(orderId, stream);
    this.#forgetOldest();
    return { appended: true, version: version + events.length, partition: 0, position: 0, recordedAt };
  }

  #forgetOldest(): void {
    for (const [orderId, { characters }] of this.#streams) {
      if (this.#characters <= limits.maxDryRunCharacters || this.#streams.size === 1) return;
      this.#streams.delete(orderId);
      this.#characters -= characters;
    }
  }
}
