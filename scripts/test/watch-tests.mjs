// Runs tests again after each change.

import { watchBuild } from '../watch-build.mjs';
import { noteSignals, runMocha, startServers } from './run-tests.mjs';

/**
 * Ends when it is interrupted. The servers stay up between two runs.
 * @param {import('./arguments.mjs').Options} options
 * @returns {Promise<number>} the exit code
 */
export async function watchTests(options) {
  const watched = { ...options, unit: options.unit || options.paths.length === 0 };
  noteSignals();
  const servers = watched.unit ? undefined : await startServers(watched);
  try {
    return await watchBuild(async () => {
      await runMocha(watched, servers?.env);
      console.log('test: waiting for changes');
    });
  } finally {
    await servers?.stop();
  }
}
