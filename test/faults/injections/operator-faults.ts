import { runOrders } from '../../support/orders-command.js';
import type { Random } from '../../support/random.js';
import { promised } from '../finding.js';
import { operate, send } from '../operate.js';
import type { World } from '../world.js';
import type { FaultKind } from './injection.js';

const projections = ['order-status', 'order-history', 'metrics', 'order-lookup'] as const;
/** A revoked key stops working within a second everywhere; with slack for a busy machine. */
const revokedWithinMs = 3_000;
const acceptedWithinMs = 10_000;

/** The projections that are rebuilt: mostly one. */
const oneOrAll = (random: Random) => (random.chance(0.3) ? projections : [random.pick(projections)]);

/** Actions of operators, which may meet faults of the other parts. */
export const operatorFaults: readonly FaultKind[] = [
  {
    name: 'rebuild',
    parts: ['operator'],
    weight: 3,
    boundMs: 40_000,
    maxMs: 1_000,
    isQuick: true,
    isPossible: () => true,
    choose: (random, world) => {
      const some = oneOrAll(random);
      const isCancelled = random.chance(0.3);
      return {
        detail: `a rebuild of ${some.join(', ')}${isCancelled ? ', cancelled' : ''}`,
        begin: async () => {
          for (const name of some) await operate(world, 'POST', `/projections/${name}/rebuild`, [202]);
        },
        heal: async () => {
          if (!isCancelled) return;
          // 404: the rebuild has ended.
          for (const name of some) await operate(world, 'DELETE', `/projections/${name}/rebuild`, [204, 404]);
        },
      };
    },
  },
  {
    name: 'suspended rebuild',
    parts: ['operator', 'process'],
    weight: 2,
    boundMs: 40_000,
    maxMs: 6_000,
    isQuick: true,
    isPossible: () => true,
    choose: (random, world) => {
      const some = oneOrAll(random);
      const { process } = random.pick(world.topology.members.filter(({ role }) => role === 'projector'));
      return {
        detail: `a rebuild of ${some.join(', ')}, and SIGSTOP and SIGCONT of ${process.name} before it has filled its part`,
        // The generations are requested at the same moment, so that the process has no time.
        begin: async () => {
          await Promise.all(some.map((name) => operate(world, 'POST', `/projections/${name}/rebuild`, [202])));
          process.signal('SIGSTOP');
        },
        heal: async () => {
          process.signal('SIGCONT');
        },
      };
    },
  },
  {
    name: 'key revoked',
    parts: ['operator', 'postgres', 'process'],
    weight: 1,
    boundMs: 15_000,
    maxMs: 1_000,
    isQuick: false,
    isPossible: () => true,
    choose: (_, world) => ({
      detail: 'a key that is in use is revoked',
      begin: () => revokeKey(world),
      heal: async () => undefined,
    }),
  },
  {
    name: 'forget',
    parts: ['operator', 'postgres', 'redis'],
    weight: 2,
    boundMs: 30_000,
    maxMs: 500,
    isQuick: false,
    isPossible: ({ persons }) => persons.canForget,
    choose: (_, world) => {
      const userId = world.persons.takeSettled() ?? '';
      return {
        detail: `orders forget ${userId}`,
        begin: () => forget(world, userId),
        heal: async () => undefined,
      };
    },
  },
];

async function revokeKey(world: World): Promise<void> {
  const created = await operate(world, 'POST', '/keys', [201], { name: 'to be revoked', scopes: ['orders:read'] });
  const { key, key_id: id } = created.body as { key: string; key_id: string };
  const apis = world.topology.members.filter(({ role }) => role === 'api');
  const status = async (url: string) => (await send(`${url}/orders?limit=1`, 'GET', key)).status;
  for (const { process } of apis)
    await promised(
      `${process.name} to accept a new key`,
      async () => (await status(process.url)) === 200,
      acceptedWithinMs,
    );
  // 404: an earlier attempt revoked it, and its response was lost.
  await operate(world, 'DELETE', `/keys/${id}`, [204, 404]);
  for (const { process } of apis) {
    await promised(
      `${process.name} to reject a revoked key`,
      async () => (await status(process.url)) === 401,
      revokedWithinMs,
    );
  }
}

async function forget({ topology, history, anomalies }: World, userId: string): Promise<void> {
  const { postgres, redis, env } = topology;
  const servers = { databaseUrl: postgres.primaryUrl, redisUrl: redis.url };
  const { code, output } = await runOrders(servers, ['forget', userId, '--reason', 'asked for it', '--yes'], env);
  if (code === 0) history.add({ kind: 'forgotten', texts: [userId] });
  else anomalies.push(`orders forget ended with ${code}: ${output}`);
}
