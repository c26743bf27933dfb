import { eventLogLimits as limits } from '../limits.js';
import type { StoredEvent } from '../stored-event.js';
import type { CommittedEvents } from './append.js';

/**
 * Keeps the events that this process has just appended until its own projectors have taken them, so
 * that the projectors need not read them back from PostgreSQL. It is only a cache: an event that is
 * missing here, or that exceeds the limit, is in the log.
 *
 * Each partition has one run of consecutive events that ends with the newest. If another process
 * appended in between, a new run starts after the gap.
 */
export class RecentEvents {
  readonly #runs = new Map<number, { events: StoredEvent[]; bytes: number }>();
  /** Bytes per partition. */
  readonly #maxBytes: number;

  /**
   * @param partitions the log's number of partitions. Each has an equal share of the memory, so
   * that a partition whose projector has stopped takes none from the others.
   */
  constructor(partitions: number) {
    this.#maxBytes = Math.floor(limits.maxRecentEventBytes / partitions);
  }

  add({ partition, events }: Pick<CommittedEvents, 'partition' | 'events'>): void {
    const run = this.#runs.get(partition);
    const continues = run && run.events.at(-1)?.position === (events[0]?.position ?? 0) - 1;
    const all = continues ? run.events : [];
    let bytes = continues ? run.bytes : 0;
    for (const event of events) {
      all.push(event);
      bytes += sizeOf(event);
    }
    if (bytes > this.#maxBytes) this.#runs.delete(partition);
    else this.#runs.set(partition, { events: all, bytes });
  }

  /**
   * Returns up to `maxEvents` events of a partition right after a position, or none if the next one
   * is not here. Forgets the events up to the position.
   */
  after(partition: number, position: number, maxEvents: number): StoredEvent[] {
    const run = this.#runs.get(partition);
    const first = run?.events[0];
    if (!run || !first || first.position > position + 1) return [];
    const passed = run.events.splice(0, position + 1 - first.position);
    for (const event of passed) run.bytes -= sizeOf(event);
    return run.events.slice(0, maxEvents);
  }

  /** The position of a partition's newest event here. */
  last(partition: number): number | undefined {
    return this.#runs.get(partition)?.events.at(-1)?.position;
  }

  forget(partition: number): void {
    this.#runs.delete(partition);
  }
}

function sizeOf({ data, metadata }: StoredEvent): number {
  return data.length + metadata.length + limits.recentEventOverheadBytes;
}
