import type { OrderCommand } from '../orders/commands.js';
import { commandHash } from './idempotency.js';

/**
 * A command with who asks for it and how. What is not known may be there as undefined: an object that always has the same fields is made in
 * one step, where each optional one would be a copy.
 */
export interface CommandRequest {
  readonly orderId: string;
  readonly command: OrderCommand;
  /** Who acts: the actor in the event's metadata. */
  readonly actor: string;
  readonly idempotencyKey?: string | undefined;
  /** The version that the order must be at (If-Match). */
  readonly expectedVersion?: number | undefined;
  /** When it happened in the business, RFC 3339 UTC with milliseconds; now, unless an import says otherwise. */
  readonly occurredAt?: string | undefined;
  readonly requestId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
}

/** The hash of what is asked for: tells a repeated command from another one under the same key. */
export function requestHash({ command, occurredAt }: CommandRequest): string {
  return commandHash({ command, occurredAt });
}
