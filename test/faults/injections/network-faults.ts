import type { Random } from '../../support/random.js';
import type { TcpProxy } from '../../support/tcp-proxy.js';
import type { ServiceProcess } from '../topology/service-process.js';
import type { World } from '../world.js';
import type { FaultKind, Injection, Part } from './injection.js';

interface Connections {
  readonly name: string;
  readonly proxies: readonly TcpProxy[];
}

/** The connections of one process, or of all, with one server; or those of the callers. */
function connections(random: Random, { topology: { members }, sinkProxy }: World, part: Part): Connections {
  if (part === 'receiver') return { name: 'the receiver of webhooks', proxies: [sinkProxy] };
  if (part === 'entry') {
    const apis = members.filter(({ role }) => role === 'api');
    const one = random.pick(apis);
    return { name: `callers and ${one.process.name}`, proxies: [one.entry] };
  }
  const some = random.chance(0.3) ? members : [random.pick(members)];
  const who = some.length > 1 ? 'all processes' : (some[0]?.process.name ?? '');
  const server = part === 'redis' ? 'Redis' : 'PostgreSQL';
  return {
    name: `${who} and ${server}`,
    proxies: some.flatMap((one) => (part === 'redis' ? one.redis : one.databases)),
  };
}

/** Only calls that apply steps have the channel on which steps are published. */
const stepCall = ':steps';
/** Calls of each projector that break. */
const brokenSteps = 3;

/**
 * Breaks the connections of the projectors in calls that apply steps, and may kill the projector or
 * Redis at the first one: a step has to be applied with its checkpoint, or not at all.
 */
function breakSteps(
  { topology: { members, redis } }: World,
  when: 'before' | 'answered',
  killed: 'none' | 'projector' | 'Redis',
): Injection {
  const projectors = members.filter(({ role }) => role === 'projector');
  const held: ServiceProcess[] = [];
  const kills: Promise<void>[] = [];
  let redisIsKilled = false;
  const kill = (process: ServiceProcess) => {
    if (killed === 'projector') {
      held.push(process);
      kills.push(process.holdDown('SIGKILL'));
    } else if (killed === 'Redis' && !redisIsKilled) {
      redisIsKilled = true;
      kills.push(redis.kill());
    }
  };
  return {
    detail:
      `the connections of projectors break ${when === 'before' ? 'before' : 'in place of the response to'} steps` +
      (killed === 'none' ? '' : `, with a SIGKILL of ${killed === 'Redis' ? 'Redis' : 'the projector'}`),
    begin: async () => {
      for (const { process, redis: proxy } of projectors) {
        const [first] = Array.from({ length: brokenSteps }, () => proxy.breakAt(stepCall, when));
        void first?.then(() => kill(process));
      }
    },
    heal: async () => {
      for (const { redis: proxy } of projectors) proxy.disarm();
      await Promise.all(kills);
      if (redisIsKilled) await redis.startAgain();
      for (const process of held) process.release();
    },
  };
}

interface NetworkFault {
  readonly name: string;
  readonly detail: string;
  readonly maxMs: number;
  readonly boundMs: number;
  readonly isQuick: boolean;
  readonly begin: (proxy: TcpProxy, random: Random) => void;
  readonly heal: (proxy: TcpProxy) => void;
}

const faults: readonly NetworkFault[] = [
  {
    name: 'cut',
    detail: 'connections cut once',
    maxMs: 500,
    boundMs: 15_000,
    isQuick: true,
    begin: (proxy) => proxy.cut(),
    heal: () => undefined,
  },
  {
    name: 'refuse',
    detail: 'connections cut, and new ones refused',
    maxMs: 5_000,
    boundMs: 15_000,
    isQuick: true,
    begin: (proxy) => proxy.refuse(),
    heal: (proxy) => proxy.accept(),
  },
  {
    name: 'delay',
    detail: 'everything arrives late',
    maxMs: 5_000,
    boundMs: 15_000,
    isQuick: true,
    begin: (proxy, random) => proxy.delay(random.pick([20, 100, 400])),
    heal: (proxy) => proxy.delay(0),
  },
  {
    name: 'silence',
    detail: 'nothing passes, and no connection ends',
    maxMs: 8_000,
    boundMs: 30_000,
    isQuick: false,
    begin: (proxy) => proxy.silence('all'),
    heal: (proxy) => proxy.speak(),
  },
  {
    name: 'half-open',
    detail: 'open connections stay silent for good, new ones work',
    maxMs: 10_000,
    boundMs: 30_000,
    isQuick: false,
    begin: (proxy) => proxy.silence('open'),
    heal: (proxy) => {
      proxy.cut();
      proxy.speak();
    },
  },
];

/** Faults of the connections between the parts. */
export const networkFaults: readonly FaultKind[] = [
  {
    name: 'failing receiver',
    parts: ['receiver'],
    weight: 0.5,
    boundMs: 45_000,
    maxMs: 5_000,
    isQuick: false,
    isPossible: () => true,
    choose: (random, { sink }) => {
      const status = random.pick([400, 429, 500, 503]);
      return {
        detail: `the receiver of webhooks responds with ${status}`,
        begin: async () => {
          sink.answer = status;
        },
        heal: async () => {
          sink.answer = 204;
        },
      };
    },
  },
  ...(['postgres', 'redis', 'entry', 'receiver'] as const).flatMap((part) =>
    faults.map(
      ({ name, detail, maxMs, boundMs, isQuick, begin, heal }): FaultKind => ({
        name: `${name} ${part}`,
        parts: [part],
        weight: part === 'postgres' || part === 'redis' ? 1 : 0.3,
        boundMs: part === 'receiver' ? boundMs + 30_000 : boundMs,
        maxMs,
        isQuick: isQuick && part !== 'receiver',
        isPossible: () => true,
        choose: (random, world) => {
          const chosen = connections(random, world, part);
          return {
            detail: `${chosen.name}: ${detail}`,
            begin: async () => {
              for (const proxy of chosen.proxies) begin(proxy, random);
            },
            heal: async () => {
              for (const proxy of chosen.proxies) heal(proxy);
            },
          };
        },
      }),
    ),
  ),
  {
    name: 'step response lost',
    parts: ['redis', 'process'],
    weight: 3,
    boundMs: 15_000,
    maxMs: 1_500,
    isQuick: true,
    isPossible: () => true,
    choose: (random, world) => {
      const when = random.pick(['before', 'answered', 'answered'] as const);
      const killed = random.pick(['none', 'projector', 'Redis'] as const);
      return breakSteps(world, when, killed);
    },
  },
  {
    name: 'commit response lost',
    parts: ['postgres'],
    weight: 3,
    boundMs: 15_000,
    maxMs: 1_000,
    isQuick: true,
    isPossible: () => true,
    choose: (random, { topology: { members } }) => {
      const apis = members.filter(({ role }) => role === 'api');
      const when = random.pick(['before', 'answered', 'answered'] as const);
      return {
        detail: `the connection of each API process breaks ${when === 'before' ? 'before' : 'after'} a commit`,
        begin: async () => {
          for (const { databases } of apis)
            for (const proxy of databases) void proxy.breakAt(random.pick(['append-to-one', 'append-all']), when);
        },
        heal: async () => {
          for (const { databases } of apis) for (const proxy of databases) proxy.disarm();
        },
      };
    },
  },
];
