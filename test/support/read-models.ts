import { expect } from 'chai';
import { verifyLog } from '../../src/audit/verify-log.js';
import { readHeads } from '../../src/event-log/heads/read-heads.js';
import { readPartition } from '../../src/event-log/read/read-partition.js';
import { allProjections } from '../../src/projections/all-projections.js';
import { exactJson } from '../../src/queries/exact-json.js';
import { getMetrics } from '../../src/queries/get-metrics.js';
import { getOrder } from '../../src/queries/get-order.js';
import { getProjections } from '../../src/queries/get-projections.js';
import { getOrderHistory } from '../../src/queries/history/get-order-history.js';
import { listOrders } from '../../src/queries/list-orders.js';
import { createReadModels } from '../../src/queries/live-generation.js';
import type { ProjectionId } from '../../src/read-models/keys.js';
import type { Redis } from '../../src/read-models/redis/redis-client.js';
import { expectedDocument, expectedFigures, foldLog } from './independent-fold.js';
import { eventually, type TestLog } from './servers.js';

/** A log whose read models may also be in a cluster. */
export type ProjectedLog = Omit<TestLog, 'redis'> & { readonly redis: Redis };

export function queriesOf(log: ProjectedLog, projections: readonly ProjectionId[] = allProjections) {
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
  const models = queriesOf(log);
  const orders = await foldLog(log.owner);
  for (const order of orders.values()) {
    const found = await getOrder(models, order.id);
    expect(found && JSON.parse(found.json)).to.deep.equal(expectedDocument(order));
    const history = await getOrderHistory(models, order.id);
    expect(history?.events.map(({ version }) => version)).to.deep.equal(
      Array.from({ length: order.version }, (_, nth) => nth + 1),
    );
  }
  const listed: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await listOrders(models, {}, 200, cursor);
    if (page === 'invalid-cursor') throw new Error('a cursor of the list was refused');
    listed.push(...page.orders.map((json) => JSON.parse(json).order_id));
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  expect(listed.toSorted(), 'the list').to.deep.equal([...orders.keys()].toSorted());
  await expectFigures(log, 'USD');
}

async function expectFigures(log: ProjectedLog, currency: string): Promise<void> {
  const { toShipped, toDelivered, ...expected } = expectedFigures((await foldLog(log.owner)).values(), currency);
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

export async function positionsOf(log: TestLog, partition: number): Promise<number[]> {
  return (await readPartition(log.pool, partition, 0, 100_000)).map(({ position }) => position);
}
