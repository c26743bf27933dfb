import type { Context } from 'koa';
import type { CommandOutcome, Handled } from '../../commands/command-outcome.js';
import type { CommandName } from '../../orders/commands.js';
import { orderJson } from '../../orders/order-document.js';
import type { OperationId } from '../contract/operations.js';
import { insufficientScope, outcomeProblem, validationProblem } from '../contract/problems.js';
import { expectedVersion, idempotencyKey, projectionWait } from '../request/headers.js';
import { readJsonBody } from '../request/json-body.js';
import { parseCommand } from '../request/parse-command.js';
import { uuidParameter } from '../request/path-parameters.js';
import { callerOf, requestContext } from '../request/request-context.js';
import { jsonType, respondWithProblem } from '../response/respond.js';
import type { Service } from './dependencies.js';
import type { AddRoute } from './router.js';

/** POST /orders, and POST /orders/{order_id}/{command} for every other command. */
export function commandRoutes(route: AddRoute, service: Service): void {
  const onOrder = (id: OperationId, name: CommandName) => route(id, (ctx) => command(ctx, service, name));
  route('placeOrder', (ctx) => command(ctx, service, 'place'));
  onOrder('amendOrder', 'amend');
  onOrder('payOrder', 'pay');
  onOrder('processOrder', 'process');
  onOrder('shipOrder', 'ship');
  onOrder('deliverOrder', 'deliver');
  onOrder('cancelOrder', 'cancel');
  onOrder('refundOrder', 'refund');
  onOrder('returnOrder', 'return');
  onOrder('holdOrder', 'hold');
  onOrder('releaseOrder', 'release');
  onOrder('noteOrder', 'note');
}

async function command(ctx: Context, service: Service, name: CommandName): Promise<void> {
  const key = idempotencyKey(ctx);
  const version = expectedVersion(ctx);
  const wait = projectionWait(ctx);
  const orderId = name === 'place' ? undefined : uuidParameter(ctx, 'order_id');
  const { requestId, correlationId, causationId } = requestContext(ctx);
  const { subject: actor, scopes } = callerOf(ctx);
  const parsed = parseCommand(name, await readJsonBody(ctx), orderId, {
    actor,
    idempotencyKey: key,
    defaultCurrency: service.defaultCurrency,
    nowMs: Date.now(),
  });
  if ('errors' in parsed) {
    respondWithProblem(ctx, validationProblem(parsed.errors));
    return;
  }
  if (parsed.request.occurredAt !== undefined && !scopes.has('orders:import'))
    throw insufficientScope(['orders:import']);
  const outcome = await service.handleCommand({
    actor,
    requestId,
    correlationId,
    causationId,
    idempotencyKey: key,
    expectedVersion: version,
    ...parsed.request,
  });
  if (wait.applied) ctx.set('Preference-Applied', wait.applied);
  await answerOutcome(ctx, service, name, outcome, wait.waitMs);
}

async function answerOutcome(
  ctx: Context,
  service: Service,
  name: CommandName,
  outcome: CommandOutcome,
  waitMs: number,
): Promise<void> {
  if (outcome.outcome !== 'handled') {
    respondWithProblem(ctx, outcomeProblem(outcome));
    if (outcome.outcome === 'version-mismatch') ctx.set('ETag', `"${outcome.currentVersion}"`);
    return;
  }
  // So that the caller who reads next sees what it wrote. If the time is over first, the command stands all the same.
  await waitFor(service, outcome, waitMs);
  const { order, partition, position, replayed } = outcome;
  ctx.res.setHeader('ETag', `"${order.version}"`);
  ctx.res.setHeader('Event-Position', `${partition}:${position}`);
  if (replayed) ctx.set('Idempotency-Replayed', 'true');
  if (name === 'place') {
    ctx.status = 201;
    ctx.res.setHeader('Location', `/orders/${order.orderId}`);
  } else {
    ctx.status = 200;
  }
  ctx.res.setHeader('Content-Type', jsonType);
  ctx.body = orderJson(order);
}

async function waitFor(service: Service, { partition, position, replayed }: Handled, waitMs: number): Promise<void> {
  if (replayed)
    await service.applied.reached(service.models.projections, partition, position, waitMs).catch(() => false);
  else await service.applied.wait(service.models.projections, partition, position, waitMs);
}
