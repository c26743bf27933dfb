import type { HeadMoved } from '../heads/head-moved.js';
import type { StoredEvent } from '../stored-event.js';

export interface NewEvent {
  readonly type: string;
  /** JSON text without line breaks outside strings, as JSON.stringify makes it. Stored and hashed as it is. */
  readonly data: string;
  readonly metadata: string;
  readonly occurredAt: string;
}

/** The events of one command. They are appended if the stream is at `expectedVersion` (0: no such order yet). */
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
  | { readonly appended: false; readonly version: number };

/**
 * Appends one command's events, durably: once it resolves with `appended`, they have been committed.
 * Rejects with Overloaded (nothing was done), or with the database's error, after which the outcome is unknown unless
 * the stream is read again.
 */
export type AppendEvents = (append: Append) => Promise<AppendResult>;

/** An append that was given up: nothing was done (Overloaded), or the database's error, after which the outcome is unknown. */
export interface AppendFailed {
  readonly failed: unknown;
}

export interface Appender {
  readonly append: AppendEvents;
  /** Appends many commands' events, each as `append` does, at a fraction of its cost. What became of each, in their order; never rejects. */
  readonly appendAll: (appends: readonly Append[]) => Promise<readonly (AppendResult | AppendFailed)[]>;
}

/** What a call has appended to a partition: one event after the other, the last at `position`. */
export interface Committed extends HeadMoved {
  /** As the log holds them. */
  readonly events: readonly StoredEvent[];
}
