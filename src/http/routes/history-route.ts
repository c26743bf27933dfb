import type { Context } from 'koa';
import { orderPartition } from '../../orders/values/partition.js';
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
import { admitParts, queryWeights } from '../middleware/heavy-queries.js';
import { uuidParameter } from '../request/path-parameters.js';
import { queryParameters } from '../request/query-parameters.js';
import { jsonType, notAcceptable, respond, respondWithStream } from '../response/respond.js';
import { setStreamBody } from '../response/text-body.js';
import { atPosition } from './at-position.js';
import { requireAuditor } from './audit-routes.js';
import type { HttpDependencies } from './dependencies.js';
import { historyOfOrder, orderNotFound } from './history-of-order.js';
import { checkReadable } from './query-routes.js';
import type { AddRoute } from './router.js';

export type HistoryDependencies = Pick<
  HttpDependencies,
  'models' | 'applied' | 'places' | 'readHeads' | 'audit' | 'continuity' | 'runHeavyQuery' | 'runLogQuery'
>;
type HistoryQuery = QueryParameters<'history'>;

/**
 * GET /orders/{order_id}/history: the events of an order as JSON or CSV, the changes between two
 * versions, or a proof.
 */
export function historyRoute(route: AddRoute, dependencies: HistoryDependencies): void {
  const { models, audit, runHeavyQuery, runLogQuery } = dependencies;

  route('getOrderHistory', async (ctx) => {
    const orderId = uuidParameter(ctx, 'order_id');
    const query = queryParameters(ctx, 'history');
    const user = onlyUser(ctx, ['orders:read', 'audit:read']);
    if (query.proof) {
      await checkReadable(models, orderId, user);
      const auditor = requireAuditor(audit);
      // It reads the first page of the stream, and the heads for a checkpoint.
      const proof = await runLogQuery(ctx, queryWeights.page, () => auditor.proof(orderId));
      if (!proof) throw orderNotFound(orderId);
      ctx.set('Cache-Control', 'no-store');
      await setStreamBody(ctx, jsonType, admitParts(ctx, queryWeights.page, runLogQuery, proof, true));
      return;
    }
    const type = ctx.accepts('application/json', 'text/csv');
    if (!type) throw notAcceptable();
    ctx.vary('Accept');
    const projections = [orderHistory, ...(user === undefined ? [] : [orderStatus])];
    const readAt = <Result>(read: () => Promise<Result>) =>
      atPosition(ctx, dependencies, projections, async () => {
        await checkReadable(models, orderId, user);
        return read();
      });
    if (type === 'text/csv' && !query.diff) {
      const positions = await readAt(() =>
        historyOfOrder(ctx, dependencies, orderId, 1, async () => {
          const found = await readPositions(models, orderId);
          return found.length === 0 ? undefined : found;
        }),
      );
      await respondWithCsv(ctx, dependencies, orderId, query, positions);
      return;
    }
    const weight = query.diff ? queryWeights.diff : queryWeights.page;
    const needed = query.diff ? Math.max(1, query.from ?? 1, query.to ?? 1) : 1;
    const found = await readAt(() =>
      historyOfOrder(ctx, dependencies, orderId, needed, () =>
        runHeavyQuery(ctx, weight, () => readHistory(models, orderId, query)),
      ),
    );
    if (found.nextAfter !== null) ctx.set('Link', linkToNextPage(ctx, found.nextAfter));
    respond(ctx, found.json, found.tag);
  });
}

interface FoundHistory {
  readonly json: string;
  /** The ETag; by default that of the text. */
  readonly tag?: string;
  readonly nextAfter: number | null;
}

/** Undefined if the history has no such order, or if the order lacks a version to compare. */
async function readHistory(
  models: ReadModels,
  orderId: string,
  query: HistoryQuery,
): Promise<FoundHistory | undefined> {
  if (query.diff && query.from !== undefined && query.to !== undefined) {
    const changes = await changesBetweenVersions(models, orderId, query.from, query.to);
    return changes && { json: JSON.stringify(changes), nextAfter: null };
  }
  const page = await getHistoryPage(models, orderId, query);
  if (!page) return undefined;
  const history = query.diff ? await withChanges(models, page) : historyDocument(page);
  const tag = historyTag(page.version, query, query.diff ? 'diff' : 'history');
  return { json: JSON.stringify(history), tag, nextAfter: history.next_after };
}

/** Responds with all events of the range, however many they are: the text is made part by part. */
async function respondWithCsv(
  ctx: Context,
  { models, runHeavyQuery }: Pick<HistoryDependencies, 'models' | 'runHeavyQuery'>,
  orderId: string,
  { after, limit }: HistoryQuery,
  positions: readonly number[],
): Promise<void> {
  const first = after ?? 0;
  const end = limit === undefined ? positions.length : first + limit;
  const entries = historyEntries(models, orderId, positions.slice(first, end));
  const csv = historyCsv(orderId, orderPartition(orderId, models.partitions), entries);
  const tag = historyTag(positions.length, { after, limit }, 'csv');
  const parts = admitParts(ctx, queryWeights.page, runHeavyQuery, csv);
  await respondWithStream(ctx, parts, tag, 'text/csv; charset=utf-8; header=present');
  ctx.set('Content-Disposition', `attachment; filename="order-${orderId}.csv"`);
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
