// Chooses which compiled test files run, and in which order.
import { readFileSync, statSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { sources } from '../setup/build.mjs';
import { root } from '../setup/project.mjs';

/**
 * @param {import('./arguments.mjs').Options} options
 * @returns {string[]} compiled files, relative to the root, those that take longest first
 */
export function selectFiles({ paths, unit, slow }) {
  const tests = sources().filter((file) => file.startsWith(join('test', '/')) && file.endsWith('.test.ts'));
  const asked = paths.map(sourceOf);
  const selected = asked.length === 0 ? tests : tests.filter((file) => asked.some((path) => isIn(path, file)));
  return selected
    .filter((file) => !unit || file.endsWith('.unit.test.ts'))
    .filter((file) => (isSlow(file) === slow && !isLoad(file)) || asked.includes(file))
    .sort((a, b) => expectedDuration(b) - expectedDuration(a))
    .map((file) => join('dist', file.replace(/\.ts$/, '.js')));
}

/** A path of test/, from the path of a source or of its output. */
function sourceOf(path) {
  return normalize(path)
    .replace(/^dist\//, '')
    .replace(/\.js$/, '.ts')
    .replace(/\/$/, '');
}

function isIn(path, file) {
  return (
    path === file ||
    (statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory() && file.startsWith(`${path}/`))
  );
}

function isSlow(file) {
  return file.endsWith('.slow.test.ts');
}

/** A load test, which needs a machine of its own: it runs only if it is named. */
function isLoad(file) {
  return file.endsWith('.load.test.ts');
}

/**
 * The longest time-out that the file sets, in milliseconds: a file that takes long has to set one.
 * Long files run first, or the last of them would run alone.
 */
function expectedDuration(file) {
  const text = readFileSync(join(root, file), 'utf8');
  const timeouts = [...text.matchAll(/\.timeout\(([\d_]+)/g)].map(([, number]) => Number(number.replaceAll('_', '')));
  return Math.max(0, ...timeouts);
}
