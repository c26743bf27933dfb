import type { FaultKind } from './injection.js';

/** Faults of the machine that PostgreSQL runs on: its disk and its clock. */
export const machineFaults: readonly FaultKind[] = [
  {
    name: 'full disk',
    parts: ['postgres'],
    weight: 2,
    boundMs: 30_000,
    maxMs: 6_000,
    isQuick: false,
    isPossible: ({ topology: { postgres } }) => postgres.canFillDisk,
    choose: (_, { topology: { postgres } }) => ({
      detail: 'no byte is left for PostgreSQL',
      begin: () => postgres.fillDisk(),
      heal: () => postgres.freeDisk(),
    }),
  },
  {
    name: 'clock step',
    parts: ['postgres'],
    weight: 2,
    // After a step ahead the log is ahead of the clock for as long as the step was.
    boundMs: 40_000,
    maxMs: 5_000,
    isQuick: false,
    isPossible: ({ topology: { clock } }) => clock !== undefined,
    choose: (random, { topology: { clock } }) => {
      const seconds = random.pick([20, -20, -90]);
      return {
        detail: `the clock of PostgreSQL is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead' : 'behind'}`,
        begin: async () => clock?.step(seconds),
        heal: async () => clock?.step(0),
      };
    },
  },
];
