import { orderEventTypes } from '../../orders/upcast.js';
import { isUtcTime, utcTime } from '../../orders/values/utc-time.js';
import { uuidText } from '../../orders/values/uuid.js';

/**
 * An event as PostgreSQL's binary COPY sends it. One object presents all events of a COPY, one
 * after the other. Its values are valid only until the callback that received it returns.
 */
export interface CopiedEvent {
  readonly partition: number;
  readonly position: number;
  readonly orderId: string;
  readonly version: number;
  readonly type: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
  /** The time of `recordedAt`, in milliseconds since 1970. */
  readonly recordedMs: number;
  /**
   * The message that holds the event. The spans below are ranges of it; JSON texts are in UTF-8.
   */
  readonly bytes: Buffer;
  readonly data: Span;
  readonly metadata: Span;
  readonly hash: Span;
}

/** A range of bytes; `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const signature = 'PGCOPY\n\xff\r\n\0';
/** The header: the signature, the flags, and the length of the header extension, which is empty. */
const headerBytes = signature.length + 8;
const columns = 9;

/**
 * Parses rows of the binary COPY format:
 * https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.55.9.4
 */
export class EventView implements CopiedEvent {
  readonly partition: number;
  position = 0;
  version = 0;
  bytes: Buffer = Buffer.alloc(0);
  readonly data = { start: 0, end: 0 };
  readonly metadata = { start: 0, end: 0 };
  readonly hash = { start: 0, end: 0 };
  recordedMs = 0;
  readonly #orderId = { start: 0, end: 0 };
  readonly #type = { start: 0, end: 0 };
  #occurredMs = 0;
  // Texts of the present event, once they are accessed: a check of the chain and a projection both
  // need them.
  #orderIdText: string | undefined;
  #typeText: string | undefined;
  #occurredAt: string | undefined;
  #recordedAt: string | undefined;
  #at = 0;
  #hasBegun = false;

  constructor(partition: number) {
    this.partition = partition;
  }

  /**
   * Presents the event in a message. Returns false if the message is the header or the trailer
   * alone.
   */
  show(chunk: Buffer): boolean {
    this.bytes = chunk;
    this.#orderIdText = undefined;
    this.#typeText = undefined;
    this.#occurredAt = undefined;
    this.#recordedAt = undefined;
    this.#at = 0;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#at = headerBytes;
      if (chunk.toString('latin1', 0, signature.length) !== signature)
        throw new Error('COPY did not send the binary format');
      if (chunk.length === headerBytes) return false;
    }
    const fields = chunk.readInt16BE(this.#at);
    this.#at += 2;
    if (fields === -1) return false;
    if (fields !== columns) throw new Error(`COPY sent ${fields} columns instead of ${columns}`);
    this.position = this.#int64(this.#next(8));
    this.#span(this.#orderId);
    this.version = chunk.readInt32BE(this.#next(4));
    this.#span(this.#type);
    this.#span(this.data);
    this.#span(this.metadata);
    this.#occurredMs = this.#time(this.#next(8));
    this.recordedMs = this.#time(this.#next(8));
    this.#span(this.hash);
    return true;
  }

  get orderId(): string {
    this.#orderIdText ??= uuidText(this.bytes, this.#orderId.start);
    return this.#orderIdText;
  }

  get type(): string {
    if (this.#typeText === undefined) {
      const type = this.bytes.toString('utf8', this.#type.start, this.#type.end);
      // Returns the same string for all events of a type, which makes lookups by type faster.
      this.#typeText = knownTypes.get(type) ?? type;
    }
    return this.#typeText;
  }

  get occurredAt(): string {
    this.#occurredAt ??= timeText(this.#occurredMs);
    return this.#occurredAt;
  }

  get recordedAt(): string {
    this.#recordedAt ??= timeText(this.recordedMs);
    return this.#recordedAt;
  }

  /** Returns the start of the next column and moves on. Throws unless it has this many bytes. */
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

  /** Converts microseconds since 2000 to milliseconds since 1970. The columns hold milliseconds. */
  #time(at: number): number {
    return Math.floor(this.#int64(at) / 1_000) + startOf2000Ms;
  }
}

const knownTypes: ReadonlyMap<string, string> = new Map(orderEventTypes.map((type) => [type, type]));

const startOf2000Ms = Date.UTC(2000, 0, 1);

/**
 * Formats a time as RFC 3339. The service writes no times beyond that format (infinity, years of
 * five digits). They are formatted differently, so that a verification of the log shows them.
 */
function timeText(ms: number): string {
  return isUtcTime(ms) ? utcTime(ms) : `${ms} ms since 1970`;
}
