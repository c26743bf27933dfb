import type { HeadMoved } from '../heads/head-moved.js';
import type { StoredEvent } from '../stored-event.js';

export interface NewEvent {
  readonly type: string;
  /**
   * JSON text without line breaks outside strings, as JSON.stringify writes it. It is stored and
   * hashed unchanged; so is `metadata`.
   */
  readonly data: string;
  readonly metadata: string;
  readonly occurredAt: string;
}

/**
 * The events of one command, appended only if the stream is at `expectedVersion` (0: a new order).
 */
export interface Append {
  readonly orderId: string;
  readonly expectedVersion: number;
  readonly events: readonly NewEvent[];
}

export type AppendResult =
  | {
      readonly appended: true;
      /** The stream's version after the append. */
      readonly version: number;
      readonly partition: number;
      /** The position of the append's last event. */
      readonly position: number;
      readonly recordedAt: string;
    }
  /** Rejected: the stream is at `version`, which is not the expected one. */
  | { readonly appended: false; readonly version: number };

/**
 * The knowledge that a process has of the log. The append functions refuse to append to a log that
 * ends before a known position, that is in another epoch, or whose clock is too far behind.
 */
export interface KnownLog {
  readonly epoch: string;
  /** The highest known position of a partition; 0 if none is known. */
  position(partition: number): number;
  /** Milliseconds by which the clock may be behind the last event. */
  readonly maxClockBehindMs: number;
  /** Why nothing is appended at present; undefined if the log is the known one. */
  readonly refusal?: Error | undefined;
  /** Called when an append was refused: the log has to be read. */
  onRefused?(): void;
}

/**
 * Appends one command's events durably: when it resolves with `appended`, they are committed.
 * Rejects with Overloaded, LogWentBack or ClockBehind, which mean that nothing was appended.
 * Rejects with the database's error; `databaseUnavailable` then says whether the events may have
 * been appended (see settle-outcomes.ts).
 */
export type AppendEvents = (append: Append) => Promise<AppendResult>;

/** The reason why an append failed. See `AppendEvents` for its outcome. */
export interface AppendFailed {
  readonly failed: unknown;
}

/** Observes appends, for metrics. Its functions must not throw. */
export interface AppendObserver {
  /** Called when an append call has ended. */
  call(call: { readonly events: number; readonly seconds: number; readonly isCommitted: boolean }): void;
  /** Called for each append that another append to its order preceded. */
  conflict(): void;
  /** Called for each append that is sent again. */
  retry(): void;
  /** Called when the number of queued appends has changed. */
  queued(count: number): void;
}

export interface Appender {
  readonly append: AppendEvents;
  /**
   * Appends the events of many commands. Each has the outcome that `append` would give it, at a
   * fraction of the cost. Resolves with one outcome per command, in their order; never rejects.
   */
  readonly appendAll: (appends: readonly Append[]) => Promise<readonly (AppendResult | AppendFailed)[]>;
}

/**
 * The consecutive events that one call has appended to one partition. The last is at `position`.
 */
export interface CommittedEvents extends HeadMoved {
  /** The events as the log holds them. */
  readonly events: readonly StoredEvent[];
}
