import type { Append } from '../event-log/append/append.js';
import { operatorStreamId } from '../event-log/operators/operator-events.js';
import { decideFirst } from '../orders/decisions/decide.js';
import { type BatchOutcome, type HandleCommand, outcomeOf } from './command-outcome.js';
import { type CommandRequest, requestHash } from './command-request.js';
import type { CommandDeps } from './handle-command.js';
import { type NewOrderEvent, newEvents, sealEvents, toAppend } from './new-events.js';
import { noOrder } from './order-state.js';

/**
 * Places many orders, no two of which have the same id. Each request is decided, and is durable or
 * rejected, as if HandleCommand had handled it. The waits of a single command (for promises, for
 * responses of PostgreSQL) occur once for all of them. Resolves with one outcome per request, in
 * their order; never rejects.
 */
export type PlaceOrders = (requests: readonly CommandRequest[]) => Promise<readonly BatchOutcome[]>;

/** @param loadFirst handles a command whose order may already exist: it loads the stream first. */
export function createPlaceOrders(
  deps: CommandDeps,
  handleCommand: HandleCommand,
  loadFirst: HandleCommand,
): PlaceOrders {
  return async (requests) => {
    const outcomes = new Array<BatchOutcome>(requests.length);
    const individual: Promise<void>[] = [];
    const handleIndividually = async (index: number, request: CommandRequest, handle: HandleCommand) => {
      outcomes[index] = await outcomeOf(handle, request);
    };
    // Thousands of requests may wait for their call: meanwhile only their appends are kept.
    const appends: Append[] = [];
    const appendRequests: { readonly index: number; readonly request: CommandRequest }[] = [];
    const place = (index: number, request: CommandRequest, events: readonly NewOrderEvent[]) => {
      appends.push(toAppend(request.orderId, 0, events, request.occurredAt ?? deps.now()));
      appendRequests.push({ index, request });
    };
    const sealing: Promise<void>[] = [];
    for (const [index, request] of requests.entries()) {
      if (request.expectedVersions !== undefined || request.reservesKey || request.orderId === operatorStreamId) {
        individual.push(handleIndividually(index, request, handleCommand));
        continue;
      }
      const decision = decideFirst(request.command);
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
      const sealed = sealEvents(deps.personKeys, request, hash, events, noOrder).then(
        (result) => {
          if ('rejected' in result) outcomes[index] = { outcome: 'rejected', rejection: result };
          else place(index, request, result);
        },
        (error) => {
          outcomes[index] = { outcome: 'failed', error };
        },
      );
      sealing.push(sealed);
    }
    if (sealing.length > 0) await Promise.all(sealing);
    const results = await deps.appendAll(appends);
    for (const [nth, { index, request }] of appendRequests.entries()) {
      const result = results[nth];
      if (!result || 'failed' in result) {
        outcomes[index] = { outcome: 'failed', error: result?.failed };
      } else if (result.appended) {
        const { version, partition, position } = result;
        outcomes[index] = {
          outcome: 'handled',
          orderId: request.orderId,
          version,
          partition,
          position,
          replayed: false,
        };
      } else {
        individual.push(handleIndividually(index, request, loadFirst));
      }
    }
    if (individual.length > 0) await Promise.all(individual);
    return outcomes;
  };
}
