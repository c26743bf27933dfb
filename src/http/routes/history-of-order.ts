import type { Context } from 'koa';
import { orderPartition } from '../../orders/values/partition.js';
import { appliedPosition } from '../../queries/applied-positions.js';
import { getOrderHead } from '../../queries/get-order.js';
import { skippedInHistory } from '../../queries/history/fold-history.js';
import { orderHistory } from '../../read-models/order-history.js';
import { orderStatus } from '../../read-models/order-status.js';
import { OrderDamaged } from '../../read-models/read-model-unavailable.js';
import { ProblemError, problem } from '../contract/problems.js';
import { type ReadDependencies, waitForPosition } from './at-position.js';

/**
 * Runs a query of an order's history, and once more if the history lacks a version that
 * order-status shows already: it first waits until the history is as far as order-status. A rebuild
 * that becomes live holds one read model back for up to some seconds, so without the wait a client
 * could get a 404 for the history of an order that it has just seen.
 *
 * Throws OrderDamaged if an operator has skipped an event of the order. Throws ProblemError if
 * there is no such order or version, and if the wait was in vain.
 * @param needed the version that the query needs.
 * @param query resolves with undefined if the history lacks that version.
 */
export async function historyOfOrder<Result>(
  ctx: Context,
  dependencies: ReadDependencies,
  orderId: string,
  needed: number,
  query: () => Promise<Result | undefined>,
): Promise<Result> {
  const found = await query();
  if (found !== undefined) return found;
  const { models } = dependencies;
  // The version is read once: the order may be placed between two reads.
  const shown = (await getOrderHead(models, orderId))?.version ?? 0;
  if (shown >= needed) {
    await waitForHistory(ctx, dependencies, orderId);
    const afterwards = await query();
    if (afterwards !== undefined) return afterwards;
  }
  const skipped = await skippedInHistory(models, orderId);
  if (skipped !== undefined) throw new OrderDamaged(orderId, skipped);
  if (shown === 0) throw orderNotFound(orderId);
  if (shown < needed) throw versionNotFound(`has no version ${needed}`);
  // Redis came back with an older state after the wait.
  throw new ProblemError(problem('position-not-reached', `The history lacks version ${needed} of the order.`));
}

/** Waits until the histories have all that order-status has of the order. */
async function waitForHistory(ctx: Context, dependencies: ReadDependencies, orderId: string): Promise<void> {
  const { models } = dependencies;
  const partition = orderPartition(orderId, models.partitions);
  const position = await appliedPosition(models, orderStatus, partition);
  const epoch = models.epochs.of(partition, position);
  await waitForPosition(ctx, dependencies, [orderHistory], { partition, position, epoch });
}

export function versionNotFound(what: string): ProblemError {
  return new ProblemError(problem('order-version-not-found', `The order ${what}.`));
}

export function orderNotFound(orderId: string): ProblemError {
  return new ProblemError(problem('order-not-found', `There is no order ${orderId}.`));
}
