import type { Context } from 'koa';
import { orderPartition } from '../../orders/values/partition.js';
import { getOrderHead } from '../../queries/get-order.js';
import { changesBetweenVersions, withChanges } from '../../queries/history/diff-order.js';
import {
  getHistoryPage,
  type HistoryRange,
  historyDocument,
  historyEntries,
  readPositions,
} from '../../queries/history/get-order-history.js';
import { historyCsv } from '../../queries/history/history-csv.js';
import type { ReadModels } from '../../queries/live-generation.js';
import { orderHistory } from '../../read-models/order-history.js';
import { orderStatus } from '../../read-models/order-status.js';
import type { QueryParameters } from '../contract/request-schemas.js';
import { onlyUser } from '../middleware/authorize.js';
import { queryWeights } from '../middleware/heavy-queries.js';
import { uuidParameter } from '../request/path-parameters.js';
import { queryParameters } from '../request/query-parameters.js';
import { jsonType, notAcceptable, respond, respondWithStream } from '../response/respond.js';
import { setStreamBody } from '../response/text-body.js';
import { requireAuditor } from './audit-routes.js';
import type { HttpDependencies } from './dependencies.js';
import { checkReadable, orderNotFound, versionNotFound, waitForPosition } from './query-routes.js';
import type { AddRoute } from './router.js';

type HistoryDependencies = Pick<
  HttpDependencies,
  'models' | 'applied' | 'places' | 'readHeads' | 'audit' | 'continuity' | 'runHeavyQuery'
>;
type HistoryQuery = QueryParameters<'history'>;

/**
 * GET /orders/{order_id}/history: the events of an order as JSON or CSV, the changes between two
 * versions, or a proof.
 */
export function historyRoute(route: AddRoute, dependencies: HistoryDependencies): void {
  const { models, audit, runHeavyQuery } = dependencies;

  route('getOrderHistory', async (ctx) => {
    const orderId = uuidParameter(ctx, 'order_id');
    const query = queryParameters(ctx, 'history');
    const user = onlyUser(ctx, ['orders:read', 'audit:read']);
    if (query.proof) {
      await checkReadable(models, orderId, user);
      const proof = await requireAuditor(audit).proof(orderId);
      if (!proof) throw orderNotFound(orderId);
      ctx.set('Cache-Control', 'no-store');
      await setStreamBody(ctx, jsonType, proof);
      return;
    }
    const type = ctx.accepts('application/json', 'text/csv');
    if (!type) throw notAcceptable();
    await waitForPosition(ctx, dependencies, [orderHistory, ...(user === undefined ? [] : [orderStatus])]);
    await checkReadable(models, orderId, user);
    ctx.vary('Accept');
    if (type === 'text/csv' && !query.diff) {
      await respondWithCsv(ctx, models, orderId, query);
    } else {
      const weight = query.diff ? queryWeights.diff : queryWeights.page;
      await runHeavyQuery(ctx, weight, () => respondWithHistory(ctx, models, orderId, query));
    }
  });
}

async function respondWithHistory(ctx: Context, models: ReadModels, orderId: string, query: HistoryQuery) {
  if (query.diff && query.from !== undefined && query.to !== undefined) {
    const changes = await changesBetweenVersions(models, orderId, query.from, query.to);
    if (!changes) {
      if (!(await getOrderHead(models, orderId))) throw orderNotFound(orderId);
      throw versionNotFound(`has no version ${Math.max(query.from, query.to)}`);
    }
    respond(ctx, JSON.stringify(changes));
    return;
  }
  const page = await getHistoryPage(models, orderId, query);
  if (!page) throw orderNotFound(orderId);
  const history = query.diff ? await withChanges(models, page) : historyDocument(page);
  if (history.next_after !== null) ctx.set('Link', linkToNextPage(ctx, history.next_after));
  respond(ctx, JSON.stringify(history), historyTag(page.version, query, query.diff ? 'diff' : 'history'));
}

/** Responds with all events of the range, however many they are: the text is made part by part. */
async function respondWithCsv(
  ctx: Context,
  models: ReadModels,
  orderId: string,
  { after, limit }: HistoryQuery,
): Promise<void> {
  const positions = await readPositions(models, orderId);
  if (positions.length === 0) throw orderNotFound(orderId);
  const first = after ?? 0;
  const end = limit === undefined ? positions.length : first + limit;
  ctx.set('Content-Disposition', `attachment; filename="order-${orderId}.csv"`);
  const entries = historyEntries(models, orderId, positions.slice(first, end));
  const csv = historyCsv(orderId, orderPartition(orderId, models.partitions), entries);
  const tag = historyTag(positions.length, { after, limit }, 'csv');
  await respondWithStream(ctx, csv, tag, 'text/csv; charset=utf-8; header=present');
}

/** The ETag of a part of a history. It changes with the order's version. */
function historyTag(version: number, { after, limit }: HistoryRange, form: string): string {
  const range = after === undefined && limit === undefined ? '' : `-${after ?? 0}-${limit ?? 'all'}`;
  return `"${version}${range}-${form}"`;
}

/** The header Link (RFC 8288) with the URL of the next page. */
function linkToNextPage(ctx: Context, after: number): string {
  const query = new URLSearchParams(ctx.querystring);
  query.set('after', String(after));
  return `<${ctx.path}?${query}>; rel="next"`;
}
