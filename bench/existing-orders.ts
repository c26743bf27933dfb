import { type Bench, type BenchResult, compare } from './benchmark.js';
import type { LoadRequest } from './connection.js';
import { load } from './http-load.js';
import { placeRequest, respondAsync } from './placed-orders.js';
import { type ServerProcess, startService } from './processes.js';

const connections = 64;

/** The commands in the life of an order, each after the one before. */
const life = [
  { path: 'pay', body: { amount: 29.99, payment_reference: 'p' } },
  { path: 'process', body: {} },
  { path: 'ship', body: { carrier: 'DHL' } },
  { path: 'deliver', body: {} },
] as const;

/** Commands on existing orders against placing new ones. */
export async function existingOrders(bench: Bench): Promise<BenchResult> {
  const service = await startService({
    DATABASE_URL: await bench.newDatabase(),
    REDIS_URL: bench.servers.redisUrl,
  });
  const perSecond = async (next: () => LoadRequest) =>
    (await load(service.url, connections, bench.seconds, next)).perSecond;
  try {
    return {
      comparisons: [
        await compare(
          bench,
          {
            name: 'commands',
            what: 'Commands on existing orders (pay, process, ship, deliver), 64 connections, respond-async',
            baseline: 'POST /orders',
            unit: 'commands/s',
            target: { atLeast: 0.6 },
          },
          async () => perSecond(commandsOn(await placeMany(service, 2_000 * bench.seconds))),
          () => perSecond(() => placeRequest(respondAsync)),
        ),
      ],
      measurements: [],
    };
  } finally {
    await service.stop();
  }
}

/**
 * Each order gets its next command after all others had theirs: the command before it has been
 * answered by then.
 */
function commandsOn(orderIds: readonly string[]): () => LoadRequest {
  let nth = 0;
  return () => {
    const step = life[Math.floor(nth / orderIds.length)];
    const orderId = orderIds[nth % orderIds.length];
    if (!step) throw new Error('there were not enough orders for the time');
    nth += 1;
    return {
      method: 'POST',
      path: `/orders/${orderId}/${step.path}`,
      headers: respondAsync,
      body: JSON.stringify(step.body),
    };
  };
}

async function placeMany(service: ServerProcess, orders: number): Promise<string[]> {
  const lines = Array.from(
    { length: orders },
    () => `${JSON.stringify({ command: 'place', ...JSON.parse(placeRequest().body ?? '{}') })}\n`,
  );
  const answer = await fetch(`${service.url}/orders/batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.join(''),
  });
  const results = (await answer.text()).trim().split('\n');
  return results.map((line) => (JSON.parse(line) as { order_id: string }).order_id);
}
