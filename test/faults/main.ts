import { parseArgs } from 'node:util';
import { abandonChildren } from '../../src/embedded/child.js';
import { report } from './report.js';
import { runFaults } from './run.js';

const usage = `npm run test:faults -- [--minutes N] [--seed S] [--only NAME,NAME]

  Runs the service under load, injects faults, and checks the responses of the service against the log.
  Ends with 1 if it finds an anomaly. A run of the same seed makes the same choices.

  --minutes  how long faults are injected: 10 by default; 0.25 is the run of npm test
  --seed     an integer; by default one from the clock
  --only     names of the faults to choose from, separated by commas: docs/reliability.md has them`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const [minutes, seed] = [Number(values.minutes ?? 10), Number(values.seed ?? Date.now() % 1_000_000)];
if (values.help || !(minutes > 0) || !Number.isInteger(seed)) {
  console.log(usage);
  process.exitCode = values.help ? 0 : 2;
} else {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      // The processes of the service get the signal of the terminal too; the servers do not.
      abandonChildren();
      process.exit(1);
    });
  const result = await runFaults({
    seed,
    seconds: minutes * 60,
    ...(values.only === undefined ? {} : { only: values.only.split(',') }),
    print: console.log,
  });
  console.log(report(result));
  process.exitCode = result.anomalies.length > 0 ? 1 : 0;
}
