import type { Context } from 'koa';
import type { OrderDocument } from '../../orders/order-document.js';
import { parseRfc3339 } from '../../orders/values/rfc3339.js';
import { utcTime } from '../../orders/values/utc-time.js';
import { exactJson } from '../../queries/exact-json.js';
import { getMetrics } from '../../queries/get-metrics.js';
import { getOrder, getOrderThen } from '../../queries/get-order.js';
import { changesBetweenVersions, withChanges } from '../../queries/history/diff-order.js';
import { getOrderHistory } from '../../queries/history/get-order-history.js';
import { historyCsv } from '../../queries/history/history-csv.js';
import { queryLimits } from '../../queries/limits.js';
import { listOrders } from '../../queries/list-orders.js';
import type { ReadModels } from '../../queries/live-generation.js';
import type { ProjectionId } from '../../read-models/keys.js';
import { metrics } from '../../read-models/metrics.js';
import { orderHistory } from '../../read-models/order-history.js';
import { orderStatus } from '../../read-models/order-status.js';
import { insufficientScope, ProblemError, problem } from '../contract/problems.js';
import { onlyUser } from '../middleware/authorize.js';
import { minEventPosition } from '../request/headers.js';
import { uuidParameter } from '../request/path-parameters.js';
import { queryParameters } from '../request/query-parameters.js';
import { notAcceptable, respond } from '../response/respond.js';
import { requireAuditor } from './audit-routes.js';
import type { HttpDependencies } from './dependencies.js';
import type { AddRoute } from './router.js';

type QueryDependencies = Pick<HttpDependencies, 'models' | 'applied' | 'audit' | 'defaultCurrency'>;

/**
 * The query endpoints. They read Redis only; the proof of an order's history also reads the log.
 */
export function queryRoutes(route: AddRoute, dependencies: QueryDependencies): void {
  const { models, audit, defaultCurrency } = dependencies;

  route('listOrders', async (ctx) => {
    const query = queryParameters(ctx, 'orders');
    const user = onlyUser(ctx);
    if (user !== undefined && (query.user_id ?? user) !== user) throw insufficientScope(['orders:read']);
    const userId = user ?? query.user_id;
    await waitForPosition(ctx, dependencies, [orderStatus]);
    const page = await listOrders(
      models,
      {
        ...(userId === undefined ? {} : { userId }),
        ...(query.status === undefined ? {} : { status: query.status }),
        ...(query.payment_status === undefined ? {} : { paymentStatus: query.payment_status }),
        ...milliseconds('placedFromMs', query.placed_from),
        ...milliseconds('placedToMs', query.placed_to),
      },
      query.limit ?? queryLimits.defaultPageSize,
      query.cursor,
    );
    if (page === 'invalid-cursor') {
      throw new ProblemError(problem('invalid-cursor', 'The cursor does not belong to this query with these filters.'));
    }
    respond(ctx, JSON.stringify(page));
  });

  route('getMetrics', async (ctx) => {
    const query = queryParameters(ctx, 'metrics');
    await waitForPosition(ctx, dependencies, [metrics]);
    const figures = await getMetrics(models, {
      currency: query.currency ?? defaultCurrency,
      ...milliseconds('fromMs', query.from),
      ...milliseconds('toMs', query.to),
      ...(query.interval === undefined ? {} : { interval: query.interval }),
    });
    if (figures === 'too-many-buckets') {
      throw new ProblemError(
        problem('too-many-buckets', `A series can have up to ${queryLimits.maxSeriesBuckets} buckets.`),
      );
    }
    respond(ctx, exactJson(figures));
  });

  route('getOrder', async (ctx) => {
    const orderId = uuidParameter(ctx, 'order_id');
    const query = queryParameters(ctx, 'order');
    await waitForPosition(ctx, dependencies, [orderStatus, orderHistory]);
    await checkReadable(models, orderId, onlyUser(ctx));
    if (query.version === undefined && query.at === undefined) {
      const order = await getOrder(models, orderId);
      if (!order) throw orderNotFound(orderId);
      respond(ctx, order.json, `"${order.version}"`);
      return;
    }
    const moment =
      query.version === undefined ? { at: utcTime(parseRfc3339(query.at ?? '') ?? 0) } : { version: query.version };
    const then = await getOrderThen(models, orderId, moment);
    if (!then) {
      if (!(await getOrder(models, orderId))) throw orderNotFound(orderId);
      const what = 'at' in moment ? `did not exist at ${moment.at}` : `has no version ${moment.version}`;
      throw versionNotFound(what);
    }
    respond(ctx, JSON.stringify(then), `"${then.version}"`);
  });

  route('getOrderHistory', async (ctx) => {
    const orderId = uuidParameter(ctx, 'order_id');
    const query = queryParameters(ctx, 'history');
    const user = onlyUser(ctx, ['orders:read', 'audit:read']);
    if (query.proof) {
      await checkReadable(models, orderId, user);
      const proof = await requireAuditor(audit).proof(orderId);
      if (!proof) throw orderNotFound(orderId);
      respond(ctx, JSON.stringify(proof));
      return;
    }
    const type = ctx.accepts('application/json', 'text/csv');
    if (!type) throw notAcceptable();
    await waitForPosition(ctx, dependencies, [orderHistory, ...(user === undefined ? [] : [orderStatus])]);
    await checkReadable(models, orderId, user);
    const history = await getOrderHistory(models, orderId);
    if (!history) throw orderNotFound(orderId);
    ctx.vary('Accept');
    if (query.diff && query.from !== undefined && query.to !== undefined) {
      const changes = await changesBetweenVersions(models, orderId, query.from, query.to);
      if (!changes) throw versionNotFound(`has no version ${Math.max(query.from, query.to)}`);
      respond(ctx, JSON.stringify(changes));
    } else if (query.diff) {
      respond(ctx, JSON.stringify(await withChanges(models, history)), `"${history.events.length}-diff"`);
    } else if (type === 'text/csv') {
      ctx.set('Content-Disposition', `attachment; filename="order-${orderId}.csv"`);
      respond(ctx, historyCsv(history), `"${history.events.length}-csv"`, 'text/csv; charset=utf-8; header=present');
    } else {
      respond(ctx, JSON.stringify(history), `"${history.events.length}"`);
    }
  });
}

/**
 * Throws order-not-found for another user's order if the caller may read only their own: it looks
 * like one that does not exist.
 */
async function checkReadable(models: ReadModels, orderId: string, user: string | undefined): Promise<void> {
  if (user === undefined) return;
  const order = await getOrder(models, orderId);
  if (!order || (JSON.parse(order.json) as OrderDocument).user_id !== user) throw orderNotFound(orderId);
}

/**
 * Waits until the projections that the query reads have applied the position in Min-Event-Position,
 * if there is one.
 */
async function waitForPosition(
  ctx: Context,
  { models, applied }: QueryDependencies,
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

function milliseconds<Name extends string>(name: Name, time: string | undefined): { [K in Name]?: number } {
  const ms = time === undefined ? undefined : parseRfc3339(time);
  return (ms === undefined ? {} : { [name]: ms }) as { [K in Name]?: number };
}

function versionNotFound(what: string): ProblemError {
  return new ProblemError(problem('order-version-not-found', `The order ${what}.`));
}

function orderNotFound(orderId: string): ProblemError {
  return new ProblemError(problem('order-not-found', `There is no order ${orderId}.`));
}
