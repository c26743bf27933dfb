// Runs mocha once on servers that are started for it.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runChild, stopSignals } from '../run-child.mjs';
import { root } from '../setup/project.mjs';
import { selectFiles } from './select-files.mjs';

/**
 * @param {import('./arguments.mjs').Options} options
 * @returns {Promise<number>} the exit code
 */
export async function runTests(options) {
  if (selectFiles(options).length === 0) {
    console.error('test: no test file is selected');
    return 1;
  }
  const interrupted = noteSignals();
  const servers = options.unit ? undefined : await startServers(options);
  try {
    return interrupted() ? 1 : await runMocha(options, servers?.env);
  } finally {
    await servers?.stop();
  }
}

/**
 * Servers are started here and not by mocha, which leaves them behind if it is interrupted.
 * @returns {Promise<import('../../test/support/test-servers.js').TestServers>}
 */
export async function startServers(options) {
  const file = join(root, 'dist', 'test', 'support', 'test-servers.js');
  const { startTestServers } = await import(pathToFileURL(file).href);
  return startTestServers(jobsFor(options));
}

/** @returns {Promise<number>} mocha's exit code */
export async function runMocha(options, env = {}) {
  const files = selectFiles(options);
  const jobs = jobsFor(options);
  const args = [
    join('node_modules', 'mocha', 'bin', 'mocha.js'),
    // .mocharc.json is for tests that need servers.
    ...(options.unit ? ['--no-config', '--enable-source-maps', '--forbid-only', '--timeout', '60000'] : []),
    ...(jobs > 1 ? ['--parallel', '--jobs', String(jobs)] : []),
    ...(hasReporter(options.mochaArgs) ? [] : ['--reporter', join('scripts', 'test', 'reporter.cjs')]),
    ...options.mochaArgs,
    ...files,
  ];
  return runChild(process.execPath, args, env);
}

/** Processes that run tests. Each needs a Redis; unit tests are done before a second one is up. */
function jobsFor(options) {
  if (options.unit) return 1;
  const redisUrls = process.env.TEST_REDIS_URL?.split(',').length ?? options.jobs;
  return Math.min(options.jobs, redisUrls, selectFiles(options).length);
}

/** Keeps this process alive until its servers are stopped. */
export function noteSignals() {
  let signalled = false;
  for (const signal of stopSignals) {
    process.on(signal, () => {
      signalled = true;
    });
  }
  return () => signalled;
}

function hasReporter(mochaArgs) {
  return mochaArgs.some((arg) => /^(--reporter|-R)(=|$)/.test(arg));
}
