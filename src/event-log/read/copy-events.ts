import pg from 'pg';
import type { Pool } from '../database.js';
import { eventBytes } from '../stored-event.js';
import { type CopiedEvent, EventView } from './copied-event.js';

/** Selects up to `maxEvents` events of a partition, from after one position up to another. */
export interface EventRange {
  readonly partition: number;
  readonly after: number;
  readonly upTo: number;
  readonly maxEvents: number;
  /**
   * Bytes of JSON that the events before the last one may have. Undefined: no limit, for readers
   * that keep no event.
   */
  readonly maxBytes?: number;
}

/**
 * Reads the events of a range by COPY and calls `onEvent` with each, by position. Resolves with
 * their number. Zero means that the range has no more events. A number below `maxEvents` does not:
 * the events may have reached `maxBytes`, positions can be missing in a damaged log, and on a busy
 * machine the time of a statement may be over before the end of the range.
 *
 * Text values are decoded only when they are accessed. Decoding is most of the cost of reading an
 * event, so this is the fastest way to look at all events of a log.
 *
 * If `onEvent` throws, it is not called again, and the promise rejects once the COPY has ended.
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
  // If a whole page of positions is missing, reads the events after the gap.
  return events > 0 ? events : copySelected(pool, range, onEvent);
}

// Takes no lock. Ordered by position, like the primary key (partition, position) that serves it.
// COPY takes no parameters, so the values are part of the text.
export function selectEventsSql({ partition, after, upTo, maxEvents, maxBytes }: EventRange): string {
  const [p, from, to, max] = [partition, after, upTo, maxEvents].map(wholeNumber);
  const columns =
    'e."position", e.order_id, e.version, e.type, e.data, e.metadata, e.occurred_at, e.recorded_at, e.hash';
  const range = `
    from events e where e.partition = ${p} and e."position" > ${from} and e."position" <= ${to}
    order by e."position" limit ${max}`;
  if (maxBytes === undefined) return `select ${columns} ${range}`;
  // The window adds up the sizes row by row, which costs about a microsecond per event.
  return `
    select ${columns} from (
      select e.*, sum(${eventBytes})
        over (order by e."position" rows between unbounded preceding and 1 preceding) as bytes_before
      from (select * ${range}) e
    ) e
    where e.bytes_before is null or e.bytes_before < ${wholeNumber(maxBytes)}
    order by e."position"`;
}

/**
 * Makes PostgreSQL read through the primary key. A partition's events are stored by position, so an
 * index scan reads them sequentially. The planner only sees that the table as a whole is in another
 * order, and would choose a bitmap scan or a sequential scan, and then sort.
 */
export const copyEventsSettings = 'set local enable_bitmapscan = off; set local enable_seqscan = off';

/**
 * Reads one page. The range ends at a position, and not only by `limit`: without statistics (a
 * table that was just restored or imported), PostgreSQL could otherwise choose a plan that reads
 * the whole rest of the partition for each page.
 */
async function copySelected(pool: Pool, range: EventRange, onEvent: (event: CopiedEvent) => void): Promise<number> {
  // One simple-query message is one transaction, so `set local` covers the COPY.
  const text = `${copyEventsSettings}; copy (${selectEventsSql(range)}) to stdout (format binary)`;
  const client = await pool.connect();
  const { error, events } = await new Promise<{ error: Error | undefined; events: number }>((resolve) => {
    client.query(new CopyOut(text, range.partition, onEvent, (error, events) => resolve({ error, events })));
  });
  // After an error, further data of the COPY may still arrive on this connection: it is closed.
  client.release(error);
  if (error && !(events > 0 && wasOutOfTime(error))) throw error;
  return events;
}

/**
 * Whether PostgreSQL ended a statement because of its time limit, or because an operator cancelled
 * it (pg_cancel_backend); the two have one SQLSTATE. The events that had arrived by then are a
 * short page, after which the reader continues, so none is lost. Each such page has an event, so
 * that the reading ends however often it is cancelled. A statement that ends before its first event
 * rejects.
 */
function wasOutOfTime(error: Error): boolean {
  return (error as { code?: unknown }).code === '57014';
}

function wholeNumber(value: number): string {
  if (!Number.isSafeInteger(value)) throw new Error(`${value} is not a whole number`);
  return String(value);
}

/** A query of pg that receives the data of a COPY. */
class CopyOut extends pg.Query {
  /** pg wraps this property to stop the timer of `query_timeout`. */
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

  /** The backend sends one CopyData message per row. */
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
    // The event on which the callback failed was not read, although it is counted.
    this.callback(this.#failure ?? error, this.#events);
  }
}
