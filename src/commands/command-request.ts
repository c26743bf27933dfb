import type { OrderCommand } from '../orders/commands.js';
import { commandHash } from './idempotency.js';

/**
 * A command with its order, its actor and its conditions. A field without a value may be present as
 * undefined: callers then create the object in one step, without a spread per optional field.
 */
export interface CommandRequest {
  readonly orderId: string;
  readonly command: OrderCommand;
  /** Stored as the actor in the event's metadata. */
  readonly actor: string;
  readonly idempotencyKey?: string | undefined;
  /**
   * Whether the client sent both an order id and an Idempotency-Key: the key then places one order,
   * even if a retry has another id. False for imports: their keys and order ids have one source.
   */
  readonly reservesKey?: boolean | undefined;
  /** The versions of which the order must have one (If-Match). */
  readonly expectedVersions?: readonly number[] | undefined;
  /** The time of the business, RFC 3339 UTC with milliseconds. Defaults to the current time. */
  readonly occurredAt?: string | undefined;
  /**
   * Why the command is refused, given the key of another command of this actor on the order:
   * both would record the same fact. Undefined if that key is no reason. Only imports refuse so.
   */
  readonly refusalAfter?: ((handledKey: string) => string | undefined) | undefined;
  readonly requestId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
}

/** Hashes a request's content, to tell a repetition from another command with the same key. */
export function requestHash({ command, occurredAt }: CommandRequest): string {
  return commandHash({ command, occurredAt });
}
