import type { Rejection } from '../orders/decisions/rejection.js';
import type { Order } from '../orders/order.js';
import type { CommandRequest } from './command-request.js';

export interface Handled {
  readonly outcome: 'handled';
  readonly order: Order;
  readonly partition: number;
  /** The position of the command's event. */
  readonly position: number;
  /** Whether the command had been handled before, and this is the answer of then. */
  readonly replayed: boolean;
}

export type CommandOutcome =
  | Handled
  | { readonly outcome: 'rejected'; readonly rejection: Rejection }
  | { readonly outcome: 'version-mismatch'; readonly currentVersion: number }
  | { readonly outcome: 'idempotency-key-reused' }
  /** Other processes' commands on this order kept coming first. */
  | { readonly outcome: 'contended' };

/**
 * Handles a command: loads the order's stream, decides, appends. Once it resolves with `handled`, the event is durable.
 * Rejects with Overloaded (nothing was done), or with the database's error: then the outcome is unknown, and a repetition
 * under the same Idempotency-Key finds out.
 */
export type HandleCommand = (request: CommandRequest) => Promise<CommandOutcome>;

/** As the outcome of a command, without the order: who sends thousands only asks what became of each. */
export type BatchOutcome =
  | (Omit<Handled, 'order'> & { readonly version: number })
  | Exclude<CommandOutcome, Handled>
  /** What HandleCommand would have rejected with. */
  | { readonly outcome: 'failed'; readonly error: unknown };

/** Handles a request alone. Never rejects. */
export async function outcomeOf(handle: HandleCommand, request: CommandRequest): Promise<BatchOutcome> {
  try {
    const outcome = await handle(request);
    if (outcome.outcome !== 'handled') return outcome;
    const { order, partition, position, replayed } = outcome;
    return { outcome: 'handled', version: order.version, partition, position, replayed };
  } catch (error) {
    return { outcome: 'failed', error };
  }
}
