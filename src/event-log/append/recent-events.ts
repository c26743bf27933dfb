import { eventLogLimits as limits } from '../limits.js';
import type { StoredEvent } from '../stored-event.js';
import type { Committed } from './append.js';

/**
 * Events that this process has just appended, kept until its own projectors have taken them: so they need not read back what
 * is in memory already. Only a shortcut: what is not here, or is more than there is room for, is in the log.
 *
 * Each partition has a run of events without a gap, the newest at its end. Where others appended in between, the run begins
 * anew after them.
 */
export class RecentEvents {
  readonly #runs = new Map<number, { events: StoredEvent[]; bytes: number }>();
  readonly #maxBytes: number;

  /** @param partitions of the log: each has an equal share of the room, so that one that stands still takes none from others. */
  constructor(partitions: number) {
    this.#maxBytes = Math.floor(limits.maxKeptBytes / partitions);
  }

  add({ partition, events }: Pick<Committed, 'partition' | 'events'>): void {
    const run = this.#runs.get(partition);
    const goesOn = run && run.events.at(-1)?.position === (events[0]?.position ?? 0) - 1;
    const all = goesOn ? run.events : [];
    let bytes = goesOn ? run.bytes : 0;
    for (const event of events) {
      all.push(event);
      bytes += sizeOf(event);
    }
    if (bytes > this.#maxBytes) this.#runs.delete(partition);
    else this.#runs.set(partition, { events: all, bytes });
  }

  /**
   * The events of a partition right after a position, at most so many: none where they are not here. Those up to the position are
   * forgotten.
   */
  after(partition: number, position: number, maxEvents: number): StoredEvent[] {
    const run = this.#runs.get(partition);
    const first = run?.events[0];
    if (!run || !first || first.position > position + 1) return [];
    const taken = run.events.splice(0, position + 1 - first.position);
    for (const event of taken) run.bytes -= sizeOf(event);
    return run.events.slice(0, maxEvents);
  }

  /** The position of the newest event that is kept of a partition. */
  last(partition: number): number | undefined {
    return this.#runs.get(partition)?.events.at(-1)?.position;
  }

  forget(partition: number): void {
    this.#runs.delete(partition);
  }
}

function sizeOf({ data, metadata }: StoredEvent): number {
  return data.length + metadata.length + limits.eventObjectBytes;
}
