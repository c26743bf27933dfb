import type { Random } from '../../support/random.js';
import type { World } from '../world.js';
import type { FaultKind, Injection } from './injection.js';

/** A limit below what Redis already uses: it refuses every write. */
const fullBytes = 1_000_000;

function whileDown({ topology: { redis } }: World, detail: string, change: () => Promise<void>): Injection {
  return {
    detail,
    begin: () => redis.kill(),
    heal: async () => {
      await change();
      await redis.startAgain();
    },
  };
}

/** A replica takes over. New connections through the proxies lead to it, as a changed DNS does. */
function failOver({ topology: { redis, members } }: World, how: 'killed' | 'demoted'): Injection {
  const promote = async () => {
    await redis.promoteReplica();
    for (const member of members) member.redis.switchTo(redis.url);
  };
  if (how === 'killed')
    return {
      detail: 'SIGKILL of the primary, promotion of its replica',
      begin: async () => {
        await redis.addReplica();
        await redis.kill();
      },
      heal: promote,
    };
  return {
    detail: 'promotion of the replica; the connections to the demoted primary stay open',
    begin: () => redis.addReplica(),
    heal: promote,
  };
}

interface RedisFault {
  readonly name: string;
  readonly maxMs: number;
  readonly boundMs: number;
  readonly isQuick: boolean;
  readonly choose: (world: World, random: Random) => Injection;
}

const faults: readonly RedisFault[] = [
  {
    name: 'kill Redis',
    maxMs: 3_000,
    boundMs: 15_000,
    isQuick: true,
    choose: (world) => whileDown(world, 'SIGKILL, restarted with its files', async () => undefined),
  },
  {
    name: 'empty Redis',
    maxMs: 3_000,
    boundMs: 30_000,
    isQuick: true,
    choose: (world) => whileDown(world, 'SIGKILL, restarted empty', () => world.topology.redis.empty()),
  },
  {
    name: 'older Redis',
    maxMs: 3_000,
    boundMs: 30_000,
    isQuick: false,
    choose: (world) => {
      const { redis } = world.topology;
      const down = whileDown(world, 'SIGKILL, restarted with its files of two seconds earlier', () =>
        redis.putBackCopy(),
      );
      return {
        ...down,
        begin: async () => {
          await redis.copyFiles();
          await new Promise((resolve) => setTimeout(resolve, 2_000));
          await down.begin();
        },
      };
    },
  },
  {
    name: 'flush Redis',
    maxMs: 200,
    boundMs: 30_000,
    isQuick: true,
    choose: ({ topology: { redis } }) => ({
      detail: 'FLUSHALL',
      begin: async () => {
        await redis.command('FLUSHALL');
      },
      heal: async () => undefined,
    }),
  },
  {
    name: 'fail over Redis',
    maxMs: 2_000,
    boundMs: 20_000,
    isQuick: false,
    choose: (world, random) => failOver(world, random.pick(['killed', 'demoted'])),
  },
  {
    name: 'suspend Redis',
    maxMs: 8_000,
    boundMs: 20_000,
    isQuick: false,
    choose: ({ topology: { redis } }) => ({
      detail: 'SIGSTOP and SIGCONT',
      begin: async () => redis.signal('SIGSTOP'),
      heal: async () => redis.signal('SIGCONT'),
    }),
  },
  {
    name: 'full Redis',
    maxMs: 5_000,
    boundMs: 20_000,
    isQuick: false,
    choose: ({ topology: { redis } }) => ({
      detail: 'maxmemory is reached, and every write is refused',
      begin: async () => {
        await redis.command('CONFIG', 'SET', 'maxmemory', fullBytes);
      },
      heal: async () => {
        await redis.command('CONFIG', 'SET', 'maxmemory', 0);
      },
    }),
  },
];

/** Faults of Redis itself. */
export const redisFaults: readonly FaultKind[] = faults.map((fault) => ({
  ...fault,
  parts: ['redis'],
  weight: 1.5,
  isPossible: () => true,
  choose: (random, world) => fault.choose(world, random),
}));
