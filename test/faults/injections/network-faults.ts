import type { Random } from '../../support/random.js';
import type { TcpProxy } from '../../support/tcp-proxy.js';
import type { World } from '../world.js';
import type { FaultKind, Part } from './injection.js';

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
