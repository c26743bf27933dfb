#!/usr/bin/env node
// Runs the tests, after the set-up. `npm test -- --help` prints the usage below.
import { setUp } from './setup.mjs';
import { readArguments } from './test/arguments.mjs';
import { runTests } from './test/run-tests.mjs';
import { watchTests } from './test/watch-tests.mjs';

const usage = `npm test -- [FILE…] [--unit | --slow] [--watch] [--jobs N] [mocha's options]

  FILE     a test file or a folder, by the path of its source: test/event-log/append.test.ts
  --unit   the unit tests (*.unit.test.ts): no server is started
  --slow   the long tests (*.slow.test.ts), which npm test leaves out
  --watch  runs again after each change; without FILE, the unit tests
  --jobs   how many files run at the same time; with 1, all run in one process

  Mocha takes all other options: --grep "text" runs the tests whose title contains the text.

  npm run test:unit    is npm test -- --unit
  npm run test:all     is npm test -- --slow
  npm run test:watch   is npm test -- --watch

  The tests run on one PostgreSQL, and on one Redis per job, which are started for them.
  TEST_DATABASE_URL and TEST_REDIS_URL name other servers; commas separate several Redis URLs.`;

const options = readArguments(process.argv.slice(2));
if (options.help) {
  console.log(usage);
} else if (options.problem) {
  console.error(`test: ${options.problem}\n\n${usage}`);
  process.exitCode = 2;
} else {
  setUp({ redis: !options.unit && !process.env.TEST_REDIS_URL });
  process.exitCode = await (options.watch ? watchTests(options) : runTests(options));
}
