import { runOrders } from '../../support/orders-command.js';
import { promised } from '../finding.js';
import type { World } from '../world.js';
import type { FaultKind } from './injection.js';

/** Time within which every process notices that the log went back, with slack. */
const noticedMs = 20_000;
/** Time within which an event follows the backup. */
const nextEventMs = 20_000;
/** Load after that event. Every process has read the heads of the log meanwhile. */
const lostMs = 2_000;

/**
 * A restore of an older base: the one fault that loses acknowledged commands. Every process has to
 * notice it, and `orders recover` has to name what was lost.
 */
export const restoreFault: FaultKind = {
  name: 'restore',
  parts: ['postgres', 'redis', 'process', 'entry', 'operator'],
  weight: 2,
  boundMs: 60_000,
  maxMs: 1_000,
  isQuick: false,
  isPossible: ({ topology: { postgres } }) => postgres.hasStandby,
  choose: (_, world) => ({
    detail: 'an older base of PostgreSQL, then orders recover',
    begin: async () => {
      const { postgres } = world.topology;
      await postgres.backUp();
      await appended(postgres);
      await new Promise((resolve) => setTimeout(resolve, lostMs));
      await postgres.restore();
      await allNotice(world);
    },
    heal: () => recover(world),
  }),
};

/**
 * Waits for an event that the backup lacks. A restore that loses nothing cannot be noticed; on a
 * busy machine, PostgreSQL may commit nothing for seconds.
 */
async function appended(postgres: World['topology']['postgres']): Promise<void> {
  const before = await postgres.heads();
  const hasGrown = async () => {
    const now = await postgres.heads();
    return [...now].some(([partition, head]) => head > (before.get(partition) ?? 0));
  };
  await promised('an event after the backup', hasGrown, nextEventMs);
}

async function allNotice({ topology: { members } }: World): Promise<void> {
  for (const { process } of members) {
    await promised(
      `${process.name} to notice that the log went back`,
      async () => {
        const response = await fetch(`${process.url}/health/ready`).catch(() => undefined);
        return response?.status === 503 && (await response.text()).includes('went back');
      },
      noticedMs,
    );
  }
}

async function recover({ topology, history, callers, anomalies }: World): Promise<void> {
  const { postgres, redis, env } = topology;
  // All that is acknowledged before this is of the old epoch, and all after it of the new one.
  const at = history.now();
  const kept = await postgres.heads();
  const servers = { databaseUrl: postgres.primaryUrl, redisUrl: redis.url };
  const { code, output } = await runOrders(servers, ['recover', '--reason', 'the fault harness restored a base'], env);
  if (code !== 0) anomalies.push(`orders recover ended with ${code}: ${output}`);
  const reported = [...output.matchAll(/^ +(\d+) +([\d,]+) +([\d,]+) +[\d,]+$/gm)];
  for (const [, partition, keptUpTo] of reported) {
    const head = kept.get(Number(partition));
    if (Number(keptUpTo?.replaceAll(',', '')) !== head)
      anomalies.push(`orders recover: partition ${partition} is kept up to ${keptUpTo}, but the log ends at ${head}`);
  }
  if (reported.length === 0) anomalies.push(`orders recover names nothing that was lost: ${output}`);
  const lostFrom = Object.fromEntries([...kept].map(([partition, head]) => [partition, head + 1]));
  history.addStamped({ kind: 'loss', at, lostFrom });
  for (const caller of callers) caller.forgetPositions();
}
