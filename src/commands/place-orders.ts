import type { Append } from '../event-log/append/append.js';
import { operatorStreamId } from '../event-log/operators/operator-events.js';
import { decide } from '../orders/decisions/decide.js';
import { type BatchOutcome, type HandleCommand, outcomeOf } from './command-outcome.js';
import { type CommandRequest, requestHash } from './command-request.js';
import type { CommandDeps } from './handle-command.js';
import { type NewOrderEvent, newEvents, sealEvents, toAppend } from './new-events.js';

/**
 * Places many orders, each another one: every request is decided, and durable or refused, as by HandleCommand. What a command alone waits for
 * (a promise, an answer of PostgreSQL) is waited for once. One outcome a request, in their order; never rejects.
 */
export type PlaceOrders = (requests: readonly CommandRequest[]) => Promise<readonly BatchOutcome[]>;

/** @param ofExisting handles a command whose order is there already, or may be. */
export function createPlaceOrders(
  deps: CommandDeps,
  handleCommand: HandleCommand,
  ofExisting: HandleCommand,
): PlaceOrders {
  return async (requests) => {
    const outcomes = new Array<BatchOutcome>(requests.length);
    const alone: Promise<void>[] = [];
    const handleAlone = async (index: number, request: CommandRequest, handle: HandleCommand) => {
      outcomes[index] = await outcomeOf(handle, request);
    };
    // Thousands wait for their call: nothing is kept of them meanwhile but what goes into the log, and which requests they are of.
    const appends: Append[] = [];
    const placing: { readonly index: number; readonly request: CommandRequest }[] = [];
    const place = (index: number, request: CommandRequest, events: readonly NewOrderEvent[]) => {
      appends.push(toAppend(request.orderId, 0, events, request.occurredAt ?? deps.now()));
      placing.push({ index, request });
    };
    const sealing: Promise<void>[] = [];
    for (const [index, request] of requests.entries()) {
      if (request.expectedVersion !== undefined || request.orderId === operatorStreamId) {
        alone.push(handleAlone(index, request, handleCommand));
        continue;
      }
      const decision = decide(request.command, undefined);
      if ('rejected' in decision) {
        outcomes[index] = { outcome: 'rejected', rejection: decision };
        continue;
      }
      const hash = requestHash(request);
      const events = newEvents(decision, request, hash);
      if (!deps.personKeys) {
        place(index, request, events);
        continue;
      }
      const sealed = sealEvents(deps.personKeys, request, hash, events, [], undefined).then(
        (own) => {
          if ('rejected' in own) outcomes[index] = { outcome: 'rejected', rejection: own };
          else place(index, request, own);
        },
        (error) => {
          outcomes[index] = { outcome: 'failed', error };
        },
      );
      sealing.push(sealed);
    }
    if (sealing.length > 0) await Promise.all(sealing);
    const results = await deps.appendAll(appends);
    for (const [nth, { index, request }] of placing.entries()) {
      const result = results[nth];
      if (!result || 'failed' in result) {
        outcomes[index] = { outcome: 'failed', error: result?.failed };
      } else if (result.appended) {
        const { version, partition, position } = result;
        outcomes[index] = { outcome: 'handled', version, partition, position, replayed: false };
      } else {
        alone.push(handleAlone(index, request, ofExisting));
      }
    }
    if (alone.length > 0) await Promise.all(alone);
    return outcomes;
  };
}
