// The npm packages of package-lock.json.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, readStamp, readText, root, run, say, writeStamp } from './project.mjs';

/** Runs `npm ci` unless node_modules holds what package-lock.json asks for. */
export function installDependencies() {
  const wanted = hashOf(['package-lock.json']);
  if (readStamp('installed') === wanted) return;
  if (!isInstalled()) {
    say('installing dependencies (npm ci)');
    // NODE_ENV=production would leave out the compiler, which the build needs. Install scripts are
    // not needed: src/embedded/postgres.ts does their work if npm was told not to run them.
    run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  writeStamp('installed', wanted);
}

/** Compares package-lock.json with npm's record of node_modules: a user may have run `npm ci`. */
function isInstalled() {
  const installed = packagesIn('node_modules/.package-lock.json');
  return Object.entries(packagesIn('package-lock.json')).every(
    ([path, { version, optional }]) =>
      path === '' ||
      (installed[path] ? installed[path].version === version && existsSync(join(root, path)) : optional === true),
  );
}

function packagesIn(lockFile) {
  const text = readText(join(root, lockFile));
  return text === '' ? {} : JSON.parse(text).packages;
}
