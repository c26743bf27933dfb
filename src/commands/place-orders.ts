import type { Append } from '../event-log/append.js';
import { operationsStreamId } from '../event-log/operations.js';
import { decide } from '../orders/decide.js';
import type { Rejection } from '../orders/rejection.js';
import { type CommandRequest, requestHash } from './command-request.js';
import type { CommandDeps, CommandOutcome, HandleCommand, Handled } from './handle-command.js';
import { newEvents, toAppend } from './new-events.js';

/** As the outcome of a command, without the order: who places thousands only asks what became of each. */
export type PlaceOutcome =
  | (Omit<Handled, 'order'> & { readonly version: number })
  | Exclude<CommandOutcome, Handled>
  /** What HandleCommand would have rejected with. */
  | { readonly outcome: 'failed'; readonly error: unknown };

/**
 * Places many orders, each another one: every request is decided, and durable or refused, as by HandleCommand. What a command alone waits for
 * (a promise, an answer of PostgreSQL) is waited for once. One outcome a request, in their order; never rejects.
 */
export type PlaceOrders = (requests: readonly CommandRequest[]) => Promise<readonly PlaceOutcome[]>;

/** @param ofExisting handles a command whose order is there already, or may be. */
export function createPlaceOrders(
  deps: CommandDeps,
  handleCommand: HandleCommand,
  ofExisting: HandleCommand,
): PlaceOrders {
  /** What a request leads to; undefined where that can't be told without waiting for something, so that it has to be handled alone. */
  const decideNow = (request: CommandRequest): Append | Rejection | undefined => {
    if (deps.personKeys || request.expectedVersion !== undefined) return undefined;
    if (request.orderId === operationsStreamId) return undefined;
    const decision = decide(request.command, undefined);
    if ('rejected' in decision) return decision;
    const events = newEvents(decision, request, requestHash(request));
    return toAppend(request.orderId, 0, events, request.occurredAt ?? deps.now());
  };

  return async (requests) => {
    const outcomes = new Array<PlaceOutcome>(requests.length);
    const alone: Promise<void>[] = [];
    const handleAlone = async (index: number, request: CommandRequest, handle: HandleCommand) => {
      outcomes[index] = await outcomeOf(handle, request);
    };
    const appends: Append[] = [];
    /** Which request each append is of. */
    const indexes: number[] = [];
    for (const [index, request] of requests.entries()) {
      const decided = decideNow(request);
      if (decided === undefined) {
        alone.push(handleAlone(index, request, handleCommand));
      } else if ('rejected' in decided) {
        outcomes[index] = { outcome: 'rejected', rejection: decided };
      } else {
        appends.push(decided);
        indexes.push(index);
      }
    }
    for (const [nth, result] of (await deps.appendAll(appends)).entries()) {
      const index = indexes[nth] ?? 0;
      const request = requests[index];
      if ('failed' in result) {
        outcomes[index] = { outcome: 'failed', error: result.failed };
      } else if (result.appended) {
        const { version, partition, position } = result;
        outcomes[index] = { outcome: 'handled', version, partition, position, replayed: false };
      } else if (request) {
        alone.push(handleAlone(index, request, ofExisting));
      }
    }
    if (alone.length > 0) await Promise.all(alone);
    return outcomes;
  };
}

/** Handles a request alone. Never rejects. */
export async function outcomeOf(handle: HandleCommand, request: CommandRequest): Promise<PlaceOutcome> {
  try {
    const outcome = await handle(request);
    if (outcome.outcome !== 'handled') return outcome;
    const { order, partition, position, replayed } = outcome;
    return { outcome: 'handled', version: order.version, partition, position, replayed };
  } catch (error) {
    return { outcome: 'failed', error };
  }
}
