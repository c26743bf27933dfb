import pg from 'pg';
import { orderEventTypes } from '../../orders/upcast.js';
import { isUtcTime, utcTime } from '../../orders/values/utc-time.js';
import { uuidText } from '../../orders/values/uuid.js';
import type { Pool } from '../database.js';

/**
 * An event as PostgreSQL's binary COPY brings it. It is one object that shows one event after the other: what it shows is valid until the
 * callback that it was given to returns.
 */
export interface CopiedEvent {
  readonly partition: number;
  readonly position: number;
  readonly orderId: string;
  readonly version: number;
  readonly type: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
  /** Where its JSON texts and its hash are, in UTF-8. */
  readonly bytes: Buffer;
  readonly data: Span;
  readonly metadata: Span;
  readonly hash: Span;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

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

const signature = 'PGCOPY\n\xff\r\n\0';
/** The signature, flags, and the length of an extension that there is none of. */
const headerBytes = signature.length + 8;
const columns = 9;

/** Reads rows of the binary format: https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.55.9.4 */
class EventView implements CopiedEvent {
  readonly partition: number;
  position = 0;
  version = 0;
  bytes: Buffer = Buffer.alloc(0);
  readonly data = { start: 0, end: 0 };
  readonly metadata = { start: 0, end: 0 };
  readonly hash = { start: 0, end: 0 };
  readonly #orderId = { start: 0, end: 0 };
  readonly #type = { start: 0, end: 0 };
  #occurredMs = 0;
  #recordedMs = 0;
  #at = 0;
  #hasBegun = false;

  constructor(partition: number) {
    this.partition = partition;
  }

  /** Whether there is an event in the message: not where it is the header or the end. */
  show(chunk: Buffer): boolean {
    this.bytes = chunk;
    this.#at = 0;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#at = headerBytes;
      if (chunk.toString('latin1', 0, signature.length) !== signature) throw new Error('COPY did not answer in binary');
      if (chunk.length === headerBytes) return false;
    }
    const fields = chunk.readInt16BE(this.#at);
    this.#at += 2;
    if (fields === -1) return false;
    if (fields !== columns) throw new Error(`COPY gave ${fields} columns instead of ${columns}`);
    this.position = this.#int64(this.#next(8));
    this.#span(this.#orderId);
    this.version = chunk.readInt32BE(this.#next(4));
    this.#span(this.#type);
    this.#span(this.data);
    this.#span(this.metadata);
    this.#occurredMs = this.#time(this.#next(8));
    this.#recordedMs = this.#time(this.#next(8));
    this.#span(this.hash);
    return true;
  }

  get orderId(): string {
    return uuidText(this.bytes, this.#orderId.start);
  }

  get type(): string {
    const type = this.bytes.toString('utf8', this.#type.start, this.#type.end);
    // One string for all events of a type: it is looked up by, again and again.
    return knownTypes.get(type) ?? type;
  }

  get occurredAt(): string {
    return timeText(this.#occurredMs);
  }

  get recordedAt(): string {
    return timeText(this.#recordedMs);
  }

  /** Where the next column begins, which has to have so many bytes. */
  #next(bytes: number): number {
    const length = this.bytes.readInt32BE(this.#at);
    if (length !== bytes) throw new Error(`a column has ${length} bytes instead of ${bytes}`);
    const start = this.#at + 4;
    this.#at = start + bytes;
    return start;
  }

  #span(span: { start: number; end: number }): void {
    const length = this.bytes.readInt32BE(this.#at);
    if (length < 0) throw new Error('a column is null');
    span.start = this.#at + 4;
    span.end = span.start + length;
    this.#at = span.end;
  }

  #int64(at: number): number {
    return this.bytes.readInt32BE(at) * 2 ** 32 + this.bytes.readUInt32BE(at + 4);
  }

  /** Microseconds since 2000; the column keeps milliseconds. */
  #time(at: number): number {
    return Math.floor(this.#int64(at) / 1_000) + startOf2000Ms;
  }
}

const knownTypes: ReadonlyMap<string, string> = new Map(orderEventTypes.map((type) => [type, type]));

const startOf2000Ms = Date.UTC(2000, 0, 1);

/** A time that no event of the service has (infinity, years of five digits) is told as such: who verifies the log has to see it. */
function timeText(ms: number): string {
  return isUtcTime(ms) ? utcTime(ms) : `${ms} ms since 1970`;
}
