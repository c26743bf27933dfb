import { operationsStreamId } from '../event-log/operations.js';
import { decide } from '../orders/decide.js';
import type { PersonKeys } from '../privacy/person-keys.js';
import { type BatchOutcome, outcomeOf } from './batch-outcome.js';
import { type CommandRequest, requestHash } from './command-request.js';
import type { CommandDeps, HandleCommand } from './handle-command.js';
import { type NewOrderEvent, newEvents, sealEvents, toAppend } from './new-events.js';

/**
 * Places many orders, each another one: every request is decided, and durable or refused, as by HandleCommand. What a command alone waits for
 * (a promise, an answer of PostgreSQL) is waited for once. One outcome a request, in their order; never rejects.
 */
export type PlaceOrders = (requests: readonly CommandRequest[]) => Promise<readonly BatchOutcome[]>;

/** An order that can be placed as far as its request says, and its events. */
interface Placing {
  readonly index: number;
  readonly request: CommandRequest;
  readonly hash: string;
  readonly events: readonly NewOrderEvent[];
}

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
    const decided: Placing[] = [];
    for (const [index, request] of requests.entries()) {
      if (request.expectedVersion !== undefined || request.orderId === operationsStreamId) {
        alone.push(handleAlone(index, request, handleCommand));
        continue;
      }
      const decision = decide(request.command, undefined);
      if ('rejected' in decision) {
        outcomes[index] = { outcome: 'rejected', rejection: decision };
        continue;
      }
      const hash = requestHash(request);
      decided.push({ index, request, hash, events: newEvents(decision, request, hash) });
    }
    const placing = deps.personKeys ? await sealAll(deps.personKeys, decided, outcomes) : decided;
    const results = await deps.appendAll(
      placing.map(({ request, events }) => toAppend(request.orderId, 0, events, request.occurredAt ?? deps.now())),
    );
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

/** Seals what is personal in the events. What can't be sealed gets its outcome, and is no more among them. */
async function sealAll(
  personKeys: PersonKeys,
  decided: readonly Placing[],
  outcomes: BatchOutcome[],
): Promise<readonly Placing[]> {
  const sealed = await Promise.all(
    decided.map(async ({ index, request, hash, events }) => {
      try {
        const own = await sealEvents(personKeys, request, hash, events, [], undefined);
        if (!('rejected' in own)) return { index, request, hash, events: own };
        outcomes[index] = { outcome: 'rejected', rejection: own };
      } catch (error) {
        outcomes[index] = { outcome: 'failed', error };
      }
      return undefined;
    }),
  );
  return sealed.filter((one) => one !== undefined);
}
