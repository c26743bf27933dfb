import type { Context } from 'koa';
import type { EventPosition } from '../../log-epochs.js';
import { queryLimits } from '../../queries/limits.js';
import type { ProjectionId } from '../../read-models/keys.js';
import { serverChanges } from '../../read-models/redis/redis-client.js';
import { ProblemError, problem } from '../contract/problems.js';
import { assertStillAuthorized } from '../request/authority.js';
import { checkNotLost } from '../request/event-positions.js';
import { minEventPosition } from '../request/headers.js';
import { placeOf } from '../request/place.js';
import { ownerOf } from '../request/request-budgets.js';
import type { HttpDependencies } from './dependencies.js';

export type ReadDependencies = Pick<HttpDependencies, 'models' | 'applied' | 'continuity' | 'places' | 'readHeads'>;

/**
 * Runs a query when the projections that it reads have applied the position in Min-Event-Position.
 * Without the header, it runs at once. Redis may come back with an older state after the wait; so
 * the query's result, which may also be that there is no such order, counts only if the position is
 * still applied afterwards. Throws ProblemError.
 * @param query sets nothing on the response, which may become a problem.
 */
export async function atPosition<Result>(
  ctx: Context,
  dependencies: ReadDependencies,
  projections: readonly ProjectionId[],
  query: () => Promise<Result>,
): Promise<Result> {
  const { models, applied } = dependencies;
  const awaited = minEventPosition(ctx, models.partitions);
  if (!awaited) return query();
  const changes = serverChanges(models.redis);
  await waitForPosition(ctx, dependencies, projections, awaited);
  const [outcome] = await Promise.allSettled([query()]);
  const isApplied = await applied.reached(projections, awaited.partition, awaited.position, 0);
  if (!isApplied || serverChanges(models.redis) !== changes)
    throw notReached(awaited, 'may be missing in the state with which Redis came back');
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}

/**
 * Waits until projections have applied a position, `maxPositionWaitMs` at most. The request keeps
 * no place among those in flight meanwhile. A position that the log does not have is not waited
 * for. Throws ProblemError if the position is lost or not reached.
 */
export async function waitForPosition(
  ctx: Context,
  { models, applied, continuity, places, readHeads }: ReadDependencies,
  projections: readonly ProjectionId[],
  awaited: EventPosition,
): Promise<void> {
  const { partition, position } = awaited;
  await checkNotLost(models.epochs, continuity, awaited);
  if (await applied.reached(projections, partition, position, 0)) return;
  const head = (await readHeads())?.get(partition);
  if (head !== undefined && position > head) {
    // Retrying helps: the log may have gone back, which is noticed within a second.
    throw new ProblemError(
      problem(
        'position-not-reached',
        `There is no position ${partition}:${position}, partition ${partition} ends at ${head}.`,
      ),
    );
  }
  const place = placeOf(ctx);
  place.leave();
  const endWait = places.waits.enter(ownerOf(ctx));
  const isReached = await applied
    .reached(projections, partition, position, queryLimits.maxPositionWaitMs)
    .finally(endWait);
  place.enterAgain();
  assertStillAuthorized(ctx);
  if (!isReached) throw notReached(awaited, `was not applied within ${queryLimits.maxPositionWaitMs / 1000} s`);
}

function notReached({ partition, position }: EventPosition, what: string): ProblemError {
  return new ProblemError(problem('position-not-reached', `Position ${partition}:${position} ${what}.`));
}
