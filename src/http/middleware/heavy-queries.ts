import type { Context } from 'koa';
import { Overloaded } from '../../event-log/overloaded.js';
import { FairSemaphore, type WaitLimit } from '../../fair-semaphore.js';
import { ProblemError, problem } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';
import { assertStillAuthorized } from '../request/authority.js';
import { ownerOf, type RunWhenRoom } from '../request/request-budgets.js';
import { onceClosed } from '../response/once-closed.js';

/**
 * The weights of queries, in units of about 4 MiB of memory. A query is weighed by what it may cost
 * at most, before it reads anything.
 */
export const queryWeights = { order: 2, page: 2, fold: 2, series: 4, diff: 4 } as const;

/**
 * Runs a query whose cost depends on what is stored, such as a page of orders, or a command with a
 * large body. Few of them run at once; the others wait, and callers take turns. Rejects with
 * Overloaded if too many wait, or if it has waited for too long.
 */
export type RunHeavyQuery = RunWhenRoom;

export function createHeavyQueries(): RunHeavyQuery {
  return createHeavyRequests(limits.maxHeavyQueryWeight, limits.maxQueuedHeavyQueries, 'queued queries');
}

/**
 * Creates the places of queries that read the log. They are separate from those of other queries: a
 * slow or unavailable PostgreSQL must not block queries that need Redis alone.
 */
export function createLogQueries(): RunWhenRoom {
  return createHeavyRequests(limits.maxLogQueryWeight, limits.maxQueuedLogQueries, 'queued pages of the log');
}

/** Creates the places of commands with large bodies, separate from those of queries. */
export function createLargeCommands(): RunWhenRoom {
  return createHeavyRequests(limits.maxLargeBodyWeight, limits.maxQueuedLargeBodies, 'queued commands', false);
}

/**
 * Admits each part of a long response like a query of its own. Between two parts, others have their
 * turn, so a client that reads slowly keeps no place. Only the first part is rejected with
 * Overloaded if too many wait. The others also wait for longer, because a client has to request a
 * response that breaks off as a whole again.
 * @param isBegun whether the response has begun, so that even the first part is one of the others.
 */
export async function* admitParts<Part>(
  ctx: Context,
  weight: number,
  run: RunWhenRoom,
  parts: AsyncGenerator<Part>,
  isBegun = false,
): AsyncGenerator<Part> {
  let isRest = isBegun;
  try {
    for (;;) {
      const part = await run(ctx, weight, () => parts.next(), { isRest });
      if (part.done === true) return;
      yield part.value;
      isRest = true;
    }
  } finally {
    await parts.return(undefined);
  }
}

/**
 * @param endsWithClient whether a request stops waiting when its client disconnects. A command does
 *   not: its client may have sent it without waiting for the response.
 */
function createHeavyRequests(maxWeight: number, maxQueued: number, what: string, endsWithClient = true): RunWhenRoom {
  const running = new FairSemaphore(maxWeight);
  const waitLimit = (ms: number): WaitLimit => ({
    ms,
    tooLong: () => new Overloaded(`seconds of waiting behind other ${what}`, ms / 1_000),
  });
  const [limit, limitOfRest] = [waitLimit(limits.maxHeavyWaitMs), waitLimit(limits.maxRestWaitMs)];
  // Async, so that it rejects: a caller that holds something releases it after a rejection.
  return async (ctx, weight, query, { isRest = false, isShared = false } = {}) => {
    if (!isRest && running.waiting >= maxQueued) throw new Overloaded(what, maxQueued);
    const whenItsTurn = () => {
      if (!isShared) assertStillAuthorized(ctx);
      return query();
    };
    const given = isRest ? limitOfRest : limit;
    if (!endsWithClient || isShared) return running.run(ownerOf(ctx), weight, whenItsTurn, given);
    const onceUnwanted = (giveUp: (error: Error) => void) => onceClosed(ctx, () => giveUp(clientLeft()));
    return running.run(ownerOf(ctx), weight, whenItsTurn, { ...given, onceUnwanted });
  };
}

/** No client receives it: the connection is closed. */
function clientLeft(): ProblemError {
  return new ProblemError(problem('malformed-request', 'The connection closed before the response began.'));
}
