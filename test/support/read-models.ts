import { expect } from 'chai';
import { verifyLog } from '../../src/audit/verify-log.js';
import { readHeads } from '../../src/event-log/heads/read-heads.js';
import { readPartition } from '../../src/event-log/read/read-partition.js';
import type { OrderDocument } from '../../src/orders/order-document.js';
import { erasedText } from '../../src/orders/personal-data.js';
import { allProjections } from '../../src/projections/all-projections.js';
import { exactJson } from '../../src/queries/exact-json.js';
import { getMetrics } from '../../src/queries/get-metrics.js';
import { getOrder } from '../../src/queries/get-order.js';
import { getProjections } from '../../src/queries/get-projections.js';
import { getOrderHistory } from '../../src/queries/history/get-order-history.js';
import { listOrders } from '../../src/queries/lists/list-orders.js';
import { listUpdated } from '../../src/queries/lists/list-updated.js';
import { lookUpOrders } from '../../src/queries/lists/look-up.js';
import type { OrderFilters } from '../../src/queries/lists/order-filters.js';
import type { OrderPage } from '../../src/queries/lists/order-page.js';
import { createReadModels } from '../../src/queries/live-generation.js';
import type { ProjectionId } from '../../src/read-models/keys.js';
import type { Redis } from '../../src/read-models/redis/redis-client.js';
import {
  expectedDocument,
  expectedFigures,
  expectedFlows,
  expectedLookups,
  type FoldedOrder,
  foldLog,
} from './independent-fold.js';
import { eventually, type TestLog } from './servers.js';

/** A log whose read models may also be in a cluster. */
export type ProjectedLog = Omit<TestLog, 'redis'> & { readonly redis: Redis };

/** The read models of a log. */
type Projections = Pick<ProjectedLog, 'redis' | 'keys'> & { readonly settings: { readonly partitions: number } };

export function queriesOf(log: Projections, projections: readonly ProjectionId[] = allProjections) {
  return createReadModels(log.redis, log.keys, log.settings.partitions, projections);
}

/** Waits until every projection has applied the whole log. */
export async function projected(log: ProjectedLog, timeoutMs = 20_000): Promise<void> {
  const heads = new Map((await readHeads(log.pool)).map(({ partition, position }) => [partition, position]));
  await eventually(
    'the projections to have caught up with the log',
    async () => {
      const projections = await getProjections(queriesOf(log));
      return projections.every(({ partitions }) =>
        partitions.every((one) => one.checkpoint >= (heads.get(one.partition) ?? 0)),
      );
    },
    timeoutMs,
  );
}

/** Expects positions 1 to head without a gap, and an intact hash chain, in every partition. */
export async function expectIntactLog(log: TestLog): Promise<void> {
  expect(await verifyLog({ pool: log.pool, partitions: log.settings.partitions, inParallel: 2 })).to.deep.equal([]);
}

/** Every read model equals a fold of the log by independent code. */
export async function expectReadModelsEqualTheLog(log: ProjectedLog): Promise<void> {
  await expectReadModelsEqual(log, await foldLog(log.owner));
}

/** @param orders all orders of the log, folded by independent code. */
export async function expectReadModelsEqual(log: Projections, orders: ReadonlyMap<string, FoldedOrder>): Promise<void> {
  const models = queriesOf(log);
  for (const order of orders.values()) {
    const found = await getOrder(models, order.id);
    expect(found && JSON.parse(found.json)).to.deep.equal(expectedDocument(order));
    const history = await getOrderHistory(models, order.id);
    expect(history?.events.map(({ version }) => version)).to.deep.equal(
      Array.from({ length: order.version }, (_, nth) => nth + 1),
    );
  }
  const listed = await allPages((cursor) => listOrders(models, {}, 200, cursor));
  expect(listed.map(({ order_id }) => order_id).toSorted(), 'the list').to.deep.equal([...orders.keys()].toSorted());
  const changed = await allPages((cursor) => listUpdated(models, {}, 200, cursor));
  const times = changed.map(({ updated_at }) => updated_at);
  expect(times, 'changes, oldest first').to.deep.equal(times.toSorted());
  expect(changed.toSorted(byId), 'the list by update').to.deep.equal(listed.toSorted(byId));
  await expectLists(log, listed);
  await expectLookups(log, orders.values());
  await expectFigures(log, orders.values(), 'USD');
  await expectFlows(log, orders.values(), 'USD');
}

/** Each filter of the list leads to the orders that have its value, newest first. */
async function expectLists(log: Projections, all: readonly OrderDocument[]): Promise<void> {
  const models = queriesOf(log);
  const [first] = all;
  if (!first) return;
  const userId = first.user_id;
  const lists: [OrderFilters, (order: OrderDocument) => boolean][] = [
    [{ userId, statuses: [first.status] }, (one) => one.user_id === userId && one.status === first.status],
    [{ statuses: ['processing', 'shipped'] }, ({ status }) => status === 'processing' || status === 'shipped'],
    [{ paymentStatuses: ['paid', 'unpaid'] }, (one) => ['paid', 'unpaid'].includes(one.payment_status)],
    [{ onHold: true }, ({ on_hold }) => on_hold],
    [
      { userId, onHold: true, currency: 'USD' },
      (one) => one.user_id === userId && one.on_hold && one.currency === 'USD',
    ],
    [{ reference: '#1' }, ({ reference }) => reference === '#1'],
  ];
  for (const [filters, belongs] of lists) {
    const found = await allPages((cursor) => listOrders(models, filters, 200, cursor));
    const ids = (orders: readonly OrderDocument[]) => orders.map(({ order_id }) => order_id);
    expect(ids(found), JSON.stringify(filters)).to.deep.equal(ids(all.filter(belongs)));
  }
}

/** Texts that are looked up: a log may have thousands. */
const maxLookups = 40;

async function expectLookups(log: Projections, orders: Iterable<FoldedOrder>): Promise<void> {
  const expected = [...expectedLookups(orders)];
  for (const [q, byOrder] of [...expected.slice(0, maxLookups), ...expected.slice(-maxLookups)]) {
    if (q === erasedText) continue;
    const found = await allPages((cursor) => lookUpOrders(queriesOf(log), { q }, 100, cursor));
    const fields = (all: Iterable<readonly [string, Iterable<string>]>) =>
      [...all].map(([id, names]) => [id, ...[...names].toSorted()].join(' ')).toSorted();
    const shown = found.map((order): [string, string[]] => [order.order_id, order.matched_by ?? []]);
    expect(fields(shown), `look-up of ${q}`).to.deep.equal(fields(byOrder));
  }
}

type Listed = OrderDocument & { readonly matched_by?: string[] };

/** All orders of a list, over its pages. A list by update ends with an empty page. */
async function allPages(
  read: (cursor: string | undefined) => Promise<OrderPage | 'invalid-cursor' | { readonly lost: unknown }>,
): Promise<Listed[]> {
  const all: Listed[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await read(cursor);
    if (typeof page !== 'object' || 'lost' in page) throw new Error('a cursor of the list was refused');
    all.push(...page.orders.map((json) => JSON.parse(json) as Listed));
    if (page.nextCursor === null || (page.orders.length === 0 && page.nextCursor === cursor)) return all;
    cursor = page.nextCursor;
  }
}

function byId(a: OrderDocument, b: OrderDocument): number {
  return a.order_id < b.order_id ? -1 : 1;
}

async function expectFigures(log: Projections, orders: Iterable<FoldedOrder>, currency: string): Promise<void> {
  const { toShipped, toDelivered, ...expected } = expectedFigures(orders, currency);
  const found = await getMetrics(queriesOf(log), { currency });
  const { total_orders, units, by_status, revenue, processing_time } = JSON.parse(exactJson(found));
  const minor = (amount: number) => BigInt(Math.round(amount * 100));
  const { net, cash, ...sums } = revenue;
  const inMinor = Object.fromEntries(Object.entries(sums).map(([name, amount]) => [name, minor(Number(amount))]));
  expect({ total_orders, units, by_status, ...inMinor }).to.deep.equal(expected);
  const { gross, cancelled, refunded, credited, paid, given_back } = expected;
  expect([minor(net), minor(cash)]).to.deep.equal([gross - cancelled - refunded - credited, paid - given_back]);
  for (const [name, times] of [
    ['placed_to_shipped', toShipped],
    ['placed_to_delivered', toDelivered],
  ] as const) {
    const mean = Math.round(times.reduce((sum, ms) => sum + ms, 0) / times.length) / 1000;
    const { count, mean: shown } = processing_time[name];
    expect([count, shown], name).to.deep.equal([times.length, times.length === 0 ? null : mean]);
  }
}

/** Each amount is in the day of its event. */
async function expectFlows(log: Projections, orders: Iterable<FoldedOrder>, currency: string): Promise<void> {
  const found = await getMetrics(queriesOf(log), { currency, interval: 'day', byEvent: true });
  const { series } = JSON.parse(exactJson(found)) as {
    series: { start: string; orders: number; units: number; revenue: Record<string, number> }[];
  };
  const minor = (amount = 0) => BigInt(Math.round(amount * 100));
  const days = series.map(({ start, orders: count, units, revenue }): [string, bigint[]] => {
    const { gross, cancelled, refunded, credited, paid, given_back } = revenue;
    const amounts = [gross, cancelled, refunded, credited, paid, given_back].map(minor);
    return [start.slice(0, 10), [BigInt(count), BigInt(units), ...amounts]];
  });
  const isChange = ([, amounts]: readonly [string, readonly bigint[]]) => amounts.some((amount) => amount !== 0n);
  const expected = [...expectedFlows(orders, currency)].filter(isChange).toSorted();
  expect(days.filter(isChange), 'amounts by event').to.deep.equal(expected);
}

export async function positionsOf(log: TestLog, partition: number): Promise<number[]> {
  return (await readPartition(log.pool, partition, 0, 100_000)).map(({ position }) => position);
}
