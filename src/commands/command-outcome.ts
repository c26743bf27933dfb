import type { Rejection } from '../orders/decisions/rejection.js';
import type { Order } from '../orders/order.js';
import type { CommandRequest } from './command-request.js';

/** The command's event is in the log. */
export interface Handled {
  readonly outcome: 'handled';
  /** The order after the command's event. */
  readonly order: Order;
  readonly partition: number;
  /** The position of the command's event. */
  readonly position: number;
  /** Whether the command is a repetition. Then this is the outcome of its first handling. */
  readonly replayed: boolean;
}

export type CommandOutcome =
  | Handled
  | { readonly outcome: 'rejected'; readonly rejection: Rejection }
  | { readonly outcome: 'version-mismatch'; readonly currentVersion: number }
  | { readonly outcome: 'idempotency-key-reused' }
  /** Other appends to the order came first at every attempt. Nothing was done. */
  | { readonly outcome: 'contended' };

/**
 * Handles a command: loads the order's stream, decides, appends. Once it resolves with `handled`,
 * the event is durable. Rejects with Overloaded if nothing was done. Rejects with the database's
 * error if the outcome is unknown; a repetition with the same Idempotency-Key then finds out.
 */
export type HandleCommand = (request: CommandRequest) => Promise<CommandOutcome>;

/**
 * The outcome of one command of a batch: with the order's id and version, without the order itself.
 */
export type BatchOutcome =
  | (Omit<Handled, 'order'> & { readonly orderId: string; readonly version: number })
  | Exclude<CommandOutcome, Handled>
  /** HandleCommand rejected with this error. */
  | { readonly outcome: 'failed'; readonly error: unknown };

/** Handles one request of a batch by itself. Never rejects. */
export async function outcomeOf(handle: HandleCommand, request: CommandRequest): Promise<BatchOutcome> {
  try {
    const outcome = await handle(request);
    if (outcome.outcome !== 'handled') return outcome;
    const { order, partition, position, replayed } = outcome;
    const { orderId, version } = order;
    return { outcome: 'handled', orderId, version, partition, position, replayed };
  } catch (error) {
    return { outcome: 'failed', error };
  }
}
