import type { Random } from '../../support/random.js';
import type { ServiceProcess } from '../topology/service-process.js';
import type { Member } from '../topology/topology.js';
import type { World } from '../world.js';
import type { FaultKind } from './injection.js';

const always = () => true;

function processes(random: Random, { topology: { members } }: World): ServiceProcess[] {
  // Sometimes both processes of a role, so that nobody takes over.
  const one = random.pick(members);
  const some: readonly Member[] = random.chance(0.25) ? members.filter(({ role }) => role === one.role) : [one];
  return some.map(({ process }) => process);
}

/** One process, or any two. */
function processesOfOlderRelease(random: Random, members: readonly Member[]): ServiceProcess[] {
  const one = random.pick(members);
  const others = members.filter((other) => other !== one);
  return [one, ...(random.chance(0.5) ? [random.pick(others)] : [])].map(({ process }) => process);
}

/** Types of events that callers cause, and that an older release may not know. */
const newTypes = ['OrderCredited', 'OrderShipmentTracked', 'OrderReturned', 'OrderNoteAdded'];

const namesOf = (some: readonly ServiceProcess[]) => some.map(({ name }) => name).join(' and ');

/** Faults of the processes of the service. */
export const processFaults: readonly FaultKind[] = [
  {
    name: 'kill',
    parts: ['process'],
    weight: 4,
    boundMs: 15_000,
    maxMs: 3_000,
    isQuick: true,
    isPossible: always,
    choose: (random, world) => {
      const some = processes(random, world);
      return {
        detail: `SIGKILL of ${namesOf(some)}`,
        begin: async () => {
          await Promise.all(some.map((one) => one.holdDown('SIGKILL')));
        },
        heal: async () => {
          for (const one of some) one.release();
        },
      };
    },
  },
  {
    name: 'suspend',
    parts: ['process'],
    weight: 4,
    boundMs: 15_000,
    maxMs: 6_000,
    isQuick: true,
    isPossible: always,
    choose: (random, world) => {
      const some = processes(random, world);
      return {
        detail: `SIGSTOP and SIGCONT of ${namesOf(some)}`,
        begin: async () => {
          for (const one of some) one.signal('SIGSTOP');
        },
        heal: async () => {
          for (const one of some) one.signal('SIGCONT');
        },
      };
    },
  },
  {
    name: 'two releases',
    // A process starts only with its servers.
    parts: ['process', 'postgres', 'redis'],
    weight: 1,
    boundMs: 30_000,
    maxMs: 6_000,
    isQuick: false,
    isPossible: always,
    choose: (random, { topology: { members } }) => {
      const some = processesOfOlderRelease(random, members);
      const unknown = random.pick(newTypes);
      return {
        detail: `${namesOf(some)} are restarted as a release that does not know ${unknown}, and then as this one`,
        begin: async () => {
          for (const one of some) await one.restartWithout(unknown);
        },
        heal: async () => {
          for (const one of some) await one.restartWithout(undefined);
        },
      };
    },
  },
  {
    name: 'rolling restart',
    // A process starts only with its servers.
    parts: ['process', 'postgres', 'redis'],
    weight: 1,
    boundMs: 15_000,
    maxMs: 1_000,
    isQuick: false,
    isPossible: always,
    choose: (_, { topology: { members }, anomalies }) => ({
      detail: 'SIGTERM of each process, one after the other',
      begin: async () => {
        for (const { process } of members) {
          const code = await process.restart();
          if (code !== 0) anomalies.push(`${process.name} ended with ${code} after SIGTERM`);
          await process.isListening();
        }
      },
      heal: async () => undefined,
    }),
  },
];
