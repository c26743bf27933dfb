#!/usr/bin/env node
// `npm run dev`: runs the service as `npm start` does, and restarts it after each change.
//
// A change of a TypeScript source is built first; errors are printed, and the service continues
// with the last good build. A change in web/ builds the console again; sql/ and redis/ need no
// build. The embedded servers stop and start with the service, on the same data.
import { spawn } from 'node:child_process';
import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';
import { buildConsole } from './setup/console.mjs';
import { root, startFlags } from './setup/project.mjs';
import { setUp } from './setup.mjs';
import { watchBuild } from './watch-build.mjs';

const otherFolders = ['sql', 'redis', 'web'];

setUp();
let service;
process.exitCode = await watchBuild(restart, (changed) => {
  for (const folder of otherFolders.map((name) => join(root, name)).filter(existsSync))
    watch(folder, { recursive: true }, changed);
});
await stop();
// The watchers of the folders would keep this process alive.
process.exit();

async function restart() {
  try {
    buildConsole();
  } catch (error) {
    // The last console that was built stays.
    console.error(`dev: ${error.message}`);
  }
  await stop();
  const args = [...startFlags(), join('dist', 'src', 'cli', 'main.js'), 'serve', ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  service = { child, ended };
  void ended.then(() => {
    if (service?.child === child) console.error('dev: the service has ended; a change starts it again');
  });
}

async function stop() {
  if (!service) return;
  const { child, ended } = service;
  service = undefined;
  child.kill('SIGTERM');
  await ended;
}
