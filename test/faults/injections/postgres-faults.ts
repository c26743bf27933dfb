import type { FaultKind } from './injection.js';

const hasStandby: FaultKind['isPossible'] = ({ topology: { postgres } }) => postgres.hasStandby;

/** Faults of PostgreSQL itself. */
export const postgresFaults: readonly FaultKind[] = [
  {
    name: 'stop PostgreSQL',
    parts: ['postgres'],
    weight: 3,
    boundMs: 20_000,
    maxMs: 4_000,
    isQuick: true,
    isPossible: () => true,
    choose: (random, { topology: { postgres } }) => {
      const how = random.pick(['immediate', 'kill'] as const);
      return {
        detail: how === 'immediate' ? 'immediate stop, then a restart' : 'SIGKILL of all its processes, then a restart',
        begin: () => postgres.stopPrimary(how),
        heal: () => postgres.startPrimaryAgain(),
      };
    },
  },
  {
    name: 'suspend PostgreSQL',
    parts: ['postgres'],
    weight: 2,
    boundMs: 30_000,
    maxMs: 8_000,
    isQuick: false,
    isPossible: () => true,
    choose: (_, { topology: { postgres } }) => ({
      detail: 'SIGSTOP and SIGCONT of all its processes',
      begin: () => postgres.signal('primary', 'SIGSTOP'),
      heal: () => postgres.signal('primary', 'SIGCONT'),
    }),
  },
  {
    name: 'suspend standby',
    parts: ['postgres'],
    weight: 1,
    boundMs: 20_000,
    maxMs: 6_000,
    isQuick: false,
    isPossible: hasStandby,
    choose: (_, { topology: { postgres } }) => ({
      detail: 'SIGSTOP and SIGCONT of the synchronous standby: no commit is acknowledged',
      begin: () => postgres.signal('standby', 'SIGSTOP'),
      heal: () => postgres.signal('standby', 'SIGCONT'),
    }),
  },
  {
    name: 'fail over PostgreSQL',
    parts: ['postgres'],
    weight: 3,
    boundMs: 30_000,
    maxMs: 2_000,
    isQuick: false,
    isPossible: hasStandby,
    choose: (_, { topology: { postgres } }) => ({
      detail: 'SIGKILL of the primary, promotion of its standby, a new standby',
      begin: () => postgres.stopPrimary('kill'),
      heal: async () => {
        await postgres.failOver();
        await postgres.addStandby();
      },
    }),
  },
];
