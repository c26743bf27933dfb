import type { Context } from 'koa';
import { allowedCommands } from '../../orders/decisions/allowed-commands.js';
import { orderJson } from '../../orders/order-document.js';
import { erasedText } from '../../orders/personal-data.js';
import { isLocalDate, parseRfc3339 } from '../../orders/values/rfc3339.js';
import { type TimeZone, timeZone } from '../../orders/values/time-zone.js';
import { utcTime } from '../../orders/values/utc-time.js';
import { exactJson } from '../../queries/exact-json.js';
import { getMetrics, type NoMetrics } from '../../queries/get-metrics.js';
import { asDamaged, getOrder, getOrderHead } from '../../queries/get-order.js';
import { foldToTime, foldToVersion, skippedInHistory } from '../../queries/history/fold-history.js';
import { queryLimits } from '../../queries/limits.js';
import { listOrders } from '../../queries/lists/list-orders.js';
import { listUpdated } from '../../queries/lists/list-updated.js';
import { lookUpOrders } from '../../queries/lists/look-up.js';
import { pageJson } from '../../queries/lists/order-page.js';
import type { ReadModels } from '../../queries/live-generation.js';
import { quarterMs } from '../../read-models/figure-fields.js';
import { metrics } from '../../read-models/metrics.js';
import { orderHistory } from '../../read-models/order-history.js';
import { orderLookup } from '../../read-models/order-lookup.js';
import { orderStatus } from '../../read-models/order-status.js';
import { OrderDamaged } from '../../read-models/read-model-unavailable.js';
import { insufficientScope, ProblemError, problem, validationProblem } from '../contract/problems.js';
import type { QueryParameters } from '../contract/request-schemas.js';
import type { ResponseBody } from '../contract/response-schemas.js';
import { onlyUser } from '../middleware/authorize.js';
import { queryWeights } from '../middleware/heavy-queries.js';
import { assertStillAuthorized } from '../request/authority.js';
import { checkNotLost } from '../request/event-positions.js';
import { uuidParameter } from '../request/path-parameters.js';
import { queryParameters } from '../request/query-parameters.js';
import { ownerOf } from '../request/request-budgets.js';
import { respond } from '../response/respond.js';
import { shareByKey } from '../shared-calls.js';
import { atPosition } from './at-position.js';
import type { HttpDependencies } from './dependencies.js';
import { historyOfOrder, orderNotFound, versionNotFound } from './history-of-order.js';
import type { AddRoute } from './router.js';

type QueryDependencies = Pick<
  HttpDependencies,
  'models' | 'applied' | 'continuity' | 'places' | 'readHeads' | 'defaultCurrency' | 'defaultTimeZone' | 'runHeavyQuery'
>;

/** The queries of orders and metrics. They read Redis only. */
export function queryRoutes(route: AddRoute, dependencies: QueryDependencies): void {
  const { models, defaultCurrency, runHeavyQuery } = dependencies;
  /** Requests for the same figures that arrive together share one read of Redis. */
  const shareMetrics = shareByKey<string | { readonly refused: NoMetrics }>();

  route('listOrders', async (ctx) => {
    const query = queryParameters(ctx, 'orders');
    const user = onlyUser(ctx);
    if (user !== undefined && (query.user_id ?? user) !== user) throw insufficientScope(['orders:read']);
    const isByUpdate = query.sort === 'updated' || query.updated_since !== undefined;
    // The cursor shows how many events the log has, and the search passes the orders of all users.
    if (user !== undefined && isByUpdate) throw insufficientScope(['orders:read']);
    const userId = user ?? query.user_id;
    const projections = query.reference === undefined ? [orderStatus] : [orderStatus, orderLookup];
    const filters = {
      ...(userId === undefined ? {} : { userId }),
      ...(query.reference === undefined ? {} : { reference: query.reference }),
      ...(query.status === undefined ? {} : { statuses: unique(query.status) }),
      ...(query.payment_status === undefined ? {} : { paymentStatuses: unique(query.payment_status) }),
      ...(query.currency === undefined ? {} : { currency: query.currency }),
      ...(query.on_hold === undefined ? {} : { onHold: query.on_hold }),
      ...milliseconds('placedFromMs', query.placed_from),
      ...milliseconds('placedToMs', query.placed_to),
      ...milliseconds('updatedSinceMs', query.updated_since),
    };
    const { limit = queryLimits.defaultPageSize, cursor } = query;
    if (query.sort === 'placed' && isByUpdate) throw invalidQuery('/query/updated_since', 'needs sort=updated');
    const page = await atPosition(ctx, dependencies, projections, () =>
      runHeavyQuery(ctx, queryWeights.page, () =>
        isByUpdate ? listUpdated(models, filters, limit, cursor) : listOrders(models, filters, limit, cursor),
      ),
    );
    if (typeof page === 'object' && 'lost' in page) {
      await checkNotLost(models.epochs, dependencies.continuity, page.lost);
      throw invalidCursor();
    }
    if (page === 'invalid-cursor') throw invalidCursor();
    respond(ctx, pageJson(page));
  });

  route('lookUpOrders', async (ctx) => {
    const { q, limit = queryLimits.defaultPageSize, cursor } = queryParameters(ctx, 'lookup');
    const user = onlyUser(ctx);
    const wanted = user === undefined ? { q } : { q, userId: user };
    const page = await atPosition(ctx, dependencies, [orderStatus, orderLookup], () =>
      runHeavyQuery(ctx, queryWeights.page, () => lookUpOrders(models, wanted, limit, cursor)),
    );
    if (page === 'invalid-cursor') throw invalidCursor();
    respond(ctx, pageJson(page));
  });

  route('getMetrics', async (ctx) => {
    const query = queryParameters(ctx, 'metrics');
    const zoneName = query.time_zone ?? dependencies.defaultTimeZone;
    const zone = zoneNamed(zoneName);
    const range = { ...instant('fromMs', query.from, zone), ...instant('toMs', query.to, zone) };
    const between = Object.entries(range).find(([, ms]) => ms % quarterMs !== 0);
    if (between) throw invalidQuery(between[0] === 'fromMs' ? '/query/from' : '/query/to', noQuarter);
    const wanted = {
      currency: query.currency ?? defaultCurrency,
      ...range,
      ...(query.interval === undefined ? {} : { interval: query.interval }),
      ...(query.by === 'event' ? { byEvent: true } : {}),
    };
    const isSeries = Object.keys(wanted).length > 1;
    const read = async () => {
      const figures = await getMetrics(models, { ...wanted, zone });
      return typeof figures === 'string' ? { refused: figures } : exactJson(figures);
    };
    // A series waits for its caller's turn, so only requests of the same caller share it.
    const found = await atPosition(ctx, dependencies, [metrics], () =>
      isSeries
        ? shareMetrics(`${ownerOf(ctx)} ${JSON.stringify({ ...wanted, zoneName })}`, () =>
            runHeavyQuery(ctx, queryWeights.series, read, { isShared: true }),
          )
        : shareMetrics(wanted.currency, read),
    );
    assertStillAuthorized(ctx);
    if (typeof found === 'string') return respond(ctx, found);
    if (found.refused === 'too-many-buckets') {
      throw new ProblemError(
        problem('too-many-buckets', `A series can have up to ${queryLimits.maxSeriesBuckets} buckets.`),
      );
    }
    throw invalidQuery('/query/time_zone', noQuarter);
  });

  route('getOrder', async (ctx) => {
    const orderId = uuidParameter(ctx, 'order_id');
    const query = queryParameters(ctx, 'order');
    const user = onlyUser(ctx);
    const found = await atPosition(ctx, dependencies, [orderStatus, orderHistory], () =>
      query.version === undefined && query.at === undefined
        ? orderNow(ctx, dependencies, orderId, user)
        : orderThen(ctx, dependencies, orderId, user, query),
    );
    respond(ctx, found.json, found.tag);
  });

  route('getOrderCommands', async (ctx) => {
    const orderId = uuidParameter(ctx, 'order_id');
    queryParameters(ctx, 'orderCommands');
    const user = onlyUser(ctx);
    const projections = [orderHistory, ...(user === undefined ? [] : [orderStatus])];
    const order = await atPosition(ctx, dependencies, projections, async () => {
      await checkReadable(models, orderId, user);
      const found = await historyOfOrder(ctx, dependencies, orderId, 1, () =>
        runHeavyQuery(ctx, queryWeights.fold, () => foldToVersion(models, orderId)),
      );
      const skipped = await skippedInHistory(models, orderId);
      if (skipped !== undefined) throw new OrderDamaged(orderId, skipped);
      return found;
    });
    const commands: ResponseBody<'OrderCommands'> = {
      order_id: orderId,
      version: order.version,
      allowed_commands: allowedCommands(order),
    };
    respond(ctx, JSON.stringify(commands), `"${order.version}-commands"`);
  });
}

interface FoundOrder {
  readonly json: string;
  /** The ETag. */
  readonly tag: string;
}

async function orderNow(
  ctx: Context,
  { models, runHeavyQuery }: QueryDependencies,
  orderId: string,
  user: string | undefined,
): Promise<FoundOrder> {
  const order = await getOrder(models, orderId, user, (query) => runHeavyQuery(ctx, queryWeights.order, query));
  if (!order) throw orderNotFound(orderId);
  return { json: order.json, tag: `"${order.version}${order.isDamaged ? '-damaged' : ''}"` };
}

/** The order as of a version or a time. */
async function orderThen(
  ctx: Context,
  dependencies: QueryDependencies,
  orderId: string,
  user: string | undefined,
  query: QueryParameters<'order'>,
): Promise<FoundOrder> {
  const { models, runHeavyQuery } = dependencies;
  await checkReadable(models, orderId, user);
  const { version } = query;
  const at = utcTime(parseRfc3339(query.at ?? '') ?? 0);
  const then = await historyOfOrder(ctx, dependencies, orderId, version ?? 1, () =>
    runHeavyQuery(ctx, queryWeights.fold, () =>
      version === undefined ? foldToTime(models, orderId, at) : foldToVersion(models, orderId, version),
    ),
  );
  if (then === 'not-yet-placed') throw versionNotFound(`did not exist at ${at}`);
  const skipped = await skippedInHistory(models, orderId);
  // Forgetting a person changes what their order was: a cache must not show the earlier answer.
  const suffix = then.userId === erasedText ? '-erased' : '';
  const json = orderJson(then);
  if (skipped === undefined) return { json, tag: `"${then.version}${suffix}"` };
  return { json: asDamaged(json), tag: `"${then.version}${suffix}-damaged"` };
}

const noQuarter = 'has intervals that do not begin on a quarter of an hour of UTC in this range';

/** Zones by name: creating one takes a fraction of a millisecond. */
const zones = new Map<string, TimeZone>();
/** Maximum of zones in that cache, more than there are. */
const maxZones = 1_000;

function zoneNamed(name: string): TimeZone {
  const known = zones.get(name);
  if (known) return known;
  const zone = timeZone(name);
  if (zones.size >= maxZones) zones.clear();
  zones.set(name, zone);
  return zone;
}

/** A time, or the midnight with which a date begins in a zone. */
function instant<Name extends string>(name: Name, text: string | undefined, zone: TimeZone): { [K in Name]?: number } {
  if (text === undefined || !isLocalDate(text)) return milliseconds(name, text);
  return { [name]: Math.max(0, zone.toUtc(parseRfc3339(`${text}T00:00:00Z`) ?? 0)) } as { [K in Name]?: number };
}

/** The values in one order, so that a cursor of the same values fits. */
function unique<Value extends string>(values: readonly Value[]): Value[] {
  return [...new Set(values)].sort();
}

function invalidCursor(): ProblemError {
  return new ProblemError(problem('invalid-cursor', 'The cursor does not belong to this query with these filters.'));
}

function invalidQuery(pointer: string, message: string): ProblemError {
  return new ProblemError(validationProblem([{ pointer, message }]));
}

function milliseconds<Name extends string>(name: Name, time: string | undefined): { [K in Name]?: number } {
  const ms = time === undefined ? undefined : parseRfc3339(time);
  return (ms === undefined ? {} : { [name]: ms }) as { [K in Name]?: number };
}

/**
 * Throws order-not-found for another user's order if the caller may read only their own: it looks
 * like one that does not exist.
 */
export async function checkReadable(models: ReadModels, orderId: string, user: string | undefined): Promise<void> {
  if (user !== undefined && (await getOrderHead(models, orderId))?.userId !== user) throw orderNotFound(orderId);
}
