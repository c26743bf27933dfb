import type { Context } from 'koa';
import type { OrderDocument } from '../../orders/order-document.js';
import { getOrder } from '../../queries/get-order.js';
import { queryLimits } from '../../queries/limits.js';
import type { ReadModels } from '../../queries/live-generation.js';
import type { ProjectionId } from '../../read-models/keys.js';
import { ProblemError, problem } from '../contract/problems.js';
import { minEventPosition } from '../request/headers.js';
import type { HttpDependencies } from './dependencies.js';

/**
 * Throws order-not-found for another user's order if the caller may read only their own: it looks
 * like one that does not exist.
 */
export async function checkReadable(models: ReadModels, orderId: string, user: string | undefined): Promise<void> {
  if (user === undefined) return;
  const order = await getOrder(models, orderId);
  if (!order || (JSON.parse(order.json) as OrderDocument).user_id !== user) throw orderNotFound(orderId);
}

/**
 * Waits until the projections that the query reads have applied the position in Min-Event-Position,
 * if there is one.
 */
export async function waitForPosition(
  ctx: Context,
  { models, applied }: Pick<HttpDependencies, 'models' | 'applied'>,
  projections: readonly ProjectionId[],
): Promise<void> {
  const awaited = minEventPosition(ctx, models.partitions);
  if (!awaited) return;
  const { partition, position } = awaited;
  if (await applied.reached(projections, partition, position, queryLimits.maxPositionWaitMs)) return;
  throw new ProblemError(
    problem(
      'position-not-reached',
      `Position ${partition}:${position} was not applied within ${queryLimits.maxPositionWaitMs / 1000} s.`,
    ),
  );
}

export function versionNotFound(what: string): ProblemError {
  return new ProblemError(problem('order-version-not-found', `The order ${what}.`));
}

export function orderNotFound(orderId: string): ProblemError {
  return new ProblemError(problem('order-not-found', `There is no order ${orderId}.`));
}
