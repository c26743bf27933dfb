import { createAppender } from '../../../src/event-log/append/group-commit.js';
import { createPool, readLogSettings } from '../../../src/event-log/database.js';
import { event, orderIdIn } from '../../support/events.js';
import { runOrders } from '../../support/orders-command.js';
import { promised } from '../finding.js';
import { operate } from '../operate.js';
import type { World } from '../world.js';
import type { FaultKind } from './injection.js';

const stoppedWithinMs = 10_000;
const shownWithinMs = 10_000;

interface Planted {
  readonly orderId: string;
  readonly at: { readonly partition: number; readonly position: number };
  /** As `orders replay --skip` takes it: with the epoch, once there was a restore. */
  readonly position: string;
}

/**
 * An event that no fold accepts, of an order that nobody else knows. It stops projections in its
 * partition, until the operator skips it.
 */
export const stoppedProjection: FaultKind = {
  name: 'stopped projection',
  // The event can be skipped once projections have stopped at it: nothing else may hold them up.
  parts: ['operator', 'postgres', 'redis', 'process'],
  weight: 1,
  boundMs: 20_000,
  maxMs: 2_000,
  isQuick: false,
  isPossible: () => true,
  choose: (random, world) => {
    let planted: Planted | undefined;
    return {
      detail: 'a delivery of an order that was never placed, then orders replay --skip',
      begin: async () => {
        const done = await plant(world, random.integer(0, 3));
        planted = done;
        await promised('projections to stop', () => haveStopped(world, done.at), stoppedWithinMs);
      },
      heal: () => (planted ? skip(world, planted) : Promise.resolve()),
    };
  },
};

async function plant({ topology: { postgres }, history }: World, partition: number): Promise<Planted> {
  const pool = createPool(postgres.primaryUrl, 1);
  try {
    const settings = await readLogSettings(pool);
    const orderId = orderIdIn(partition % settings.partitions, settings.partitions);
    // Before the append: readers may see the event at once.
    history.add({ kind: 'planted', orderId });
    const { epochs } = settings;
    const known = { epoch: epochs.current, position: () => 0, maxClockBehindMs: 3_600_000 };
    const { append } = createAppender(pool, settings, {}, known);
    const appended = await append({ orderId, expectedVersion: 0, events: [event('OrderDelivered', {})] });
    if (!appended.appended) throw new Error('an order with a new id exists already');
    const { partition: at, position } = appended;
    return { orderId, at: { partition: at, position }, position: epochs.format(at, position) };
  } finally {
    await pool.end();
  }
}

/**
 * Whether all projections that stop at an event have. The others have passed it. A skip is recorded
 * only for projections that are known to have stopped.
 */
async function haveStopped(world: World, { partition, position }: Planted['at']): Promise<boolean> {
  const { body } = await operate(world, 'GET', '/projections', [200]);
  const { projections } = body as {
    projections: readonly { partitions: readonly { partition: number; checkpoint: number; state: string }[] }[];
  };
  const all = projections.flatMap(({ partitions }) => partitions.filter((one) => one.partition === partition));
  return (
    all.some(({ state }) => state === 'stopped') &&
    all.every(({ state, checkpoint }) => state === 'stopped' || checkpoint >= position)
  );
}

async function skip(world: World, { orderId, position }: Planted): Promise<void> {
  const { topology, anomalies } = world;
  const { postgres, redis, env } = topology;
  const servers = { databaseUrl: postgres.primaryUrl, redisUrl: redis.url };
  const args = ['replay', '--skip', position, '--reason', 'planted by the harness', '--yes'];
  const { code, output } = await runOrders(servers, args, env);
  if (code !== 0) anomalies.push(`orders replay --skip ended with ${code}: ${output}`);
  const ask = async () => (await operate(world, 'GET', `/orders/${orderId}`, [404, 503])).status;
  await promised(
    'an order of which an event was skipped to be unknown',
    async () => (await ask()) === 503,
    shownWithinMs,
  );
}
