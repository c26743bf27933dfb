import type { Logger } from 'pino';

/** While a failure repeats, a line per this time says how often. */
const lineIntervalMs = 60_000;
/** A failure is over once it has not repeated for this long after a success. */
const quietMs = 2_000;

/** The messages of a failure that repeats. */
export interface FailureMessages {
  /** Such as "Redis cannot be reached; the client tries again". */
  readonly failing: string;
  /** Such as "Redis works again". */
  readonly over: string;
  /** By default `warn`. */
  readonly level?: 'warn' | 'error';
}

/**
 * Logs a failure that repeats, such as that of a retry: one line when it starts, one per minute
 * with the number of failures since the line before, and one when it is over.
 *
 * It is in one of these states:
 *
 * - working: nothing fails. `failed` logs the first line and enters failing.
 * - failing: `failed` counts, and logs a line if the last one is a minute old. `succeeded` enters
 *   recovering.
 * - recovering: `failed` enters failing again, without a line. After `quietMs` without a failure,
 *   the last line is logged and it is working again.
 */
export class FailureLog {
  readonly #log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly #messages: FailureMessages;
  readonly #quietMs: number;
  readonly #now: () => number;
  #state: 'working' | 'failing' | 'recovering' = 'working';
  #startedMs = 0;
  #lastLineMs = 0;
  #sinceLine = 0;
  #total = 0;
  #recovery: NodeJS.Timeout | undefined;

  constructor(
    log: Pick<Logger, 'info' | 'warn' | 'error'>,
    messages: FailureMessages,
    options: { readonly quietMs?: number; readonly now?: () => number } = {},
  ) {
    this.#log = log;
    this.#messages = messages;
    this.#quietMs = options.quietMs ?? quietMs;
    this.#now = options.now ?? (() => performance.now());
  }

  /** @param details further fields of a line, such as the id of the request */
  failed(error: unknown, details: object = {}): void {
    const now = this.#now();
    const isNew = this.#state === 'working';
    if (isNew) this.#startedMs = now;
    this.#state = 'failing';
    clearTimeout(this.#recovery);
    this.#total += 1;
    this.#sinceLine += 1;
    if (!isNew && now - this.#lastLineMs < lineIntervalMs) return;
    this.#lastLineMs = now;
    const repeated = isNew ? {} : { failures: this.#sinceLine, failing_for_s: this.#seconds(now) };
    this.#log[this.#messages.level ?? 'warn']({ err: error, ...details, ...repeated }, this.#messages.failing);
    this.#sinceLine = 0;
  }

  /** Called after each success: it costs nothing while nothing fails. */
  succeeded(): void {
    if (this.#state !== 'failing') return;
    this.#state = 'recovering';
    this.#recovery = setTimeout(() => this.#end(), this.#quietMs);
    this.#recovery.unref();
  }

  #end(): void {
    this.#state = 'working';
    const summary = { failures: this.#total, failed_for_s: this.#seconds(this.#now()) };
    this.#log.info(summary, this.#messages.over);
    this.#total = 0;
    this.#sinceLine = 0;
  }

  #seconds(now: number): number {
    return Math.round((now - this.#startedMs) / 1000);
  }
}
