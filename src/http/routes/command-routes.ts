import type { Context } from 'koa';
import type { Handled } from '../../commands/command-outcome.js';
import type { CommandName } from '../../orders/commands.js';
import { orderJson } from '../../orders/order-document.js';
import type { ReadModels } from '../../queries/live-generation.js';
import type { OperationId } from '../contract/operations.js';
import { insufficientScope, outcomeProblem, validationProblem } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';
import { expectedVersions, idempotencyKey, projectionWait } from '../request/headers.js';
import { withJsonBody } from '../request/json-body.js';
import { parseCommand } from '../request/parse-command.js';
import { uuidParameter } from '../request/path-parameters.js';
import { placeOf } from '../request/place.js';
import { ownerOf } from '../request/request-budgets.js';
import { callerOf, requestContext } from '../request/request-context.js';
import { jsonType, respondWithProblem } from '../response/respond.js';
import { setTextBody } from '../response/text-body.js';
import type { HttpDependencies } from './dependencies.js';
import type { AddRoute } from './router.js';

interface CommandDependencies
  extends Pick<HttpDependencies, 'handleCommand' | 'applied' | 'places' | 'defaultCurrency' | 'runLargeCommand'> {
  readonly models: Pick<ReadModels, 'projections' | 'epochs'>;
}

/** POST /orders, and POST /orders/{order_id}/{command} for every other command. */
export function commandRoutes(route: AddRoute, dependencies: CommandDependencies): void {
  const add = (id: OperationId, name: CommandName) => route(id, (ctx) => handle(ctx, dependencies, name));
  add('placeOrder', 'place');
  add('amendOrder', 'amend');
  add('payOrder', 'pay');
  add('processOrder', 'process');
  add('shipOrder', 'ship');
  add('trackOrder', 'track');
  add('deliverOrder', 'deliver');
  add('cancelOrder', 'cancel');
  add('refundOrder', 'refund');
  add('creditOrder', 'credit');
  add('returnOrder', 'return');
  add('holdOrder', 'hold');
  add('releaseOrder', 'release');
  add('noteOrder', 'note');
}

async function handle(ctx: Context, dependencies: CommandDependencies, name: CommandName): Promise<void> {
  const key = idempotencyKey(ctx);
  const versions = expectedVersions(ctx);
  const wait = projectionWait(ctx);
  const orderId = name === 'place' ? undefined : uuidParameter(ctx, 'order_id');
  const { requestId, correlationId, causationId } = requestContext(ctx);
  const { subject: actor, scopes } = callerOf(ctx);
  const handled = await withJsonBody(ctx, dependencies.runLargeCommand, async (body) => {
    const parsed = parseCommand(name, body, orderId, {
      actor,
      idempotencyKey: key,
      defaultCurrency: dependencies.defaultCurrency,
      nowMs: Date.now(),
    });
    if ('errors' in parsed) {
      respondWithProblem(ctx, validationProblem(parsed.errors));
      return undefined;
    }
    if (parsed.request.occurredAt !== undefined && !scopes.has('orders:import'))
      throw insufficientScope(['orders:import']);
    const outcome = await dependencies.handleCommand({
      actor,
      requestId,
      correlationId,
      causationId,
      idempotencyKey: key,
      expectedVersions: versions,
      ...parsed.request,
    });
    if (wait.applied) ctx.set('Preference-Applied', wait.applied);
    if (outcome.outcome === 'handled') return handledText(outcome);
    respondWithProblem(ctx, outcomeProblem(outcome));
    if (outcome.outcome === 'version-mismatch') ctx.set('ETag', `"${outcome.currentVersion}"`);
    return undefined;
  });
  if (handled) await respondWithOrder(ctx, dependencies, name, handled, wait.waitMs);
}

/** A handled command as its response shows it. A large order is smaller as text than as objects. */
interface HandledText extends Omit<Handled, 'order' | 'outcome'> {
  readonly orderId: string;
  readonly version: number;
  readonly json: string;
}

function handledText({ order, partition, position, replayed }: Handled): HandledText {
  const { orderId, version } = order;
  return { orderId, version, partition, position, replayed, json: orderJson(order) };
}

async function respondWithOrder(
  ctx: Context,
  dependencies: CommandDependencies,
  name: CommandName,
  handled: HandledText,
  waitMs: number,
): Promise<void> {
  // The client can then read its own write. A timeout does not undo the command.
  await waitForProjections(ctx, dependencies, handled, waitMs);
  const { orderId, version, partition, position, replayed, json } = handled;
  ctx.res.setHeader('ETag', `"${version}"`);
  ctx.res.setHeader('Event-Position', dependencies.models.epochs.format(partition, position));
  if (replayed) ctx.set('Idempotency-Replayed', 'true');
  if (name === 'place') {
    ctx.status = 201;
    ctx.res.setHeader('Location', `/orders/${orderId}`);
  } else {
    ctx.status = 200;
  }
  ctx.res.setHeader('Content-Type', jsonType);
  setTextBody(ctx, json);
}

async function waitForProjections(
  ctx: Context,
  { applied, models, places }: CommandDependencies,
  { partition, position, replayed }: Pick<Handled, 'partition' | 'position' | 'replayed'>,
  waitMs: number,
): Promise<void> {
  const owner = ownerOf(ctx);
  if (waitMs === 0 || places.waits.refuses(owner)) return;
  const endWait = places.waits.enter(owner);
  // While the read models are slow, waiting commands leave their places to other commands.
  const timer = setTimeout(() => placeOf(ctx).leave(), limits.placeWhileWaitingMs);
  // A replayed command's event may have been applied long ago, so the checkpoints are read first.
  if (replayed) await applied.reached(models.projections, partition, position, waitMs).catch(() => false);
  else await applied.wait(models.projections, partition, position, waitMs);
  clearTimeout(timer);
  endWait();
}
