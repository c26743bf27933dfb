import pg from 'pg';
import type { Pool } from '../database.js';
import { type CopiedEvent, EventView } from './copied-event.js';

/** Which events: of a partition those after a position and up to another one, at most so many. */
export interface EventRange {
  readonly partition: number;
  readonly after: number;
  readonly upTo: number;
  readonly maxEvents: number;
}

/**
 * Gives the events of a range one after the other, in order, and resolves with how many there were. None says that the range has no event;
 * fewer than were asked for do not, since in a damaged log positions can be missing. Text that nobody asks for is never made, which is
 * most of what reading an event costs: for whoever looks at all of them.
 *
 * An exception of the callback ends it.
 */
export async function copyEvents(
  pool: Pool,
  range: EventRange,
  onEvent: (event: CopiedEvent) => void,
): Promise<number> {
  const { after, upTo, maxEvents } = range;
  const end = after + maxEvents;
  if (end >= upTo) return copySelected(pool, range, onEvent);
  const events = await copySelected(pool, { ...range, upTo: end }, onEvent);
  // Where a whole page of positions is missing, the events after them have to be seen all the same.
  return events > 0 ? events : copySelected(pool, range, onEvent);
}

// Takes no lock. Ordered by position, as the primary key (partition, position) that serves it. COPY takes no parameters.
export function selectEventsSql({ partition, after, upTo, maxEvents }: EventRange): string {
  const [p, from, to, max] = [partition, after, upTo, maxEvents].map(wholeNumber);
  return `
    select e."position", e.order_id, e.version, e.type, e.data, e.metadata, e.occurred_at, e.recorded_at, e.hash
    from events e where e.partition = ${p} and e."position" > ${from} and e."position" <= ${to}
    order by e."position" limit ${max}`;
}

/**
 * A partition's events lie in the order of their positions, so reading them through the index is reading them one after the other: PostgreSQL, which
 * sees that the whole table is in no such order, would rather collect them by a bitmap, or read the table from end to end, and sort them.
 */
export const copyEventsSettings = 'set local enable_bitmapscan = off; set local enable_seqscan = off';

/**
 * Positions have no gaps, so a page ends at a position too. Without that end, each page of a table that PostgreSQL has no statistics of (just
 * restored, just imported) could take it as long as all that is left of the partition.
 */
async function copySelected(pool: Pool, range: EventRange, onEvent: (event: CopiedEvent) => void): Promise<number> {
  // All of it is one transaction, since it is one message.
  const text = `${copyEventsSettings}; copy (${selectEventsSql(range)}) to stdout (format binary)`;
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    return await new Promise<number>((resolve, reject) => {
      const done = (error: Error | undefined, events: number) => (error ? reject(error) : resolve(events));
      client.query(new CopyOut(text, range.partition, onEvent, done));
    });
  } catch (error) {
    failure = error as Error;
    throw error;
  } finally {
    // After an error nobody knows what still comes on this connection.
    client.release(failure);
  }
}

function wholeNumber(value: number): string {
  if (!Number.isSafeInteger(value)) throw new Error(`${value} is no whole number`);
  return String(value);
}

/** A query that takes what COPY sends. */
class CopyOut extends pg.Query {
  /** pg puts its own around it, which ends its time-out. */
  callback: (error: Error | undefined, events: number) => void;
  readonly #onEvent: (event: CopiedEvent) => void;
  readonly #event: EventView;
  #events = 0;
  #failure: Error | undefined;

  constructor(
    text: string,
    partition: number,
    onEvent: (event: CopiedEvent) => void,
    callback: (error: Error | undefined, events: number) => void,
  ) {
    super(text);
    this.#event = new EventView(partition);
    this.#onEvent = onEvent;
    this.callback = callback;
  }

  /** Each message is a row: the protocol has it so. */
  handleCopyData({ chunk }: { chunk: Buffer }): void {
    if (this.#failure) return;
    try {
      if (!this.#event.show(chunk)) return;
      this.#events += 1;
      this.#onEvent(this.#event);
    } catch (error) {
      this.#failure = error as Error;
    }
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.callback(this.#failure, this.#events);
  }

  handleError(error: Error): void {
    this.callback(error, this.#events);
  }
}
