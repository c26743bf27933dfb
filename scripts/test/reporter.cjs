// Mocha's report, and a guard: mocha may exit with 0 after a process that runs tests has died.
// Writes the counts to the file that TEST_COUNTS_FILE names; verify.mjs adds those of several runs.
const { writeFileSync } = require('node:fs');
const { relative } = require('node:path');
const { reporters } = require('mocha');

class Reporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const withoutResult = new Set(options.files.map((file) => relative('.', file)));
    for (const event of ['pass', 'fail', 'pending']) {
      runner.on(event, (test, error) => {
        // A process that died leaves one failure, with the file that it ran.
        if (!error?.file) withoutResult.delete(relative('.', test.file));
      });
    }
    let ended = false;
    runner.once('end', () => {
      ended = true;
      // A failed test may leave connections and timers, which would keep mocha running for ever.
      if (this.stats.failures > 0) setTimeout(() => process.exit(1), 5_000).unref();
    });
    process.once('exit', (code) => {
      const { passes, failures, pending } = this.stats;
      if (process.env.TEST_COUNTS_FILE)
        writeFileSync(process.env.TEST_COUNTS_FILE, JSON.stringify({ passes, failures, pending }));
      // With --grep, files without a chosen test have no result.
      const missing = options.grep ? [] : [...withoutResult];
      for (const file of missing) console.error(`test: ${file} has no result; the process that ran it has ended`);
      if (!ended) console.error('test: mocha has ended before the last test');
      if (code === 0 && (failures > 0 || missing.length > 0 || !ended)) process.exitCode = 1;
    });
  }
}

module.exports = Reporter;
