// Builds after each change of a source.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { stopSignals } from './run-child.mjs';
import { compilerArgs } from './setup/build.mjs';
import { root } from './setup/project.mjs';

/**
 * Runs until SIGINT or SIGTERM. Builds that follow while `onBuilt` runs lead to one further call.
 * @param {() => Promise<void>} onBuilt called after each build without errors, the first included
 * @param {(changed: () => void) => void} watchOthers watches what needs no build
 * @returns {Promise<number>} the exit code
 */
export async function watchBuild(onBuilt, watchOthers = () => undefined) {
  const compiler = spawn(process.execPath, [...compilerArgs, '--watch', '--preserveWatchOutput'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const call = oneAtATime(onBuilt);
  createInterface({ input: compiler.stdout }).on('line', (line) => {
    const errors = /Found (\d+) errors?\. Watching for file changes/.exec(line)?.[1];
    // Times and the start of a build are noise; errors are not.
    if (line !== '' && !/Starting (incremental )?compilation|File change detected/.test(line) && errors !== '0')
      console.log(line);
    if (errors === '0') call();
  });
  watchOthers(call);
  const stopped = new Promise((resolve) => {
    for (const signal of stopSignals) process.once(signal, () => resolve(0));
    compiler.once('exit', () => resolve(1));
  });
  const code = await stopped;
  compiler.kill();
  await call.idle();
  return code;
}

/**
 * Calls a task, one call at a time. Calls made while it runs lead to one call after it.
 * @param {() => Promise<void>} task
 */
function oneAtATime(task) {
  let running;
  let again = false;
  const call = () => {
    if (running) {
      again = true;
      return;
    }
    running = task().finally(() => {
      running = undefined;
      if (again) {
        again = false;
        call();
      }
    });
  };
  call.idle = () => running;
  return call;
}
