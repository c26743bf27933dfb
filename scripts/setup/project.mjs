// Paths, stamps, messages and child processes for the steps of the set-up. Uses Node's built-ins
// alone, since the dependencies may not be installed yet.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** @returns {string[]} Node's flags of `npm start`: package.json is the place for them */
export function startFlags() {
  const { scripts } = JSON.parse(readText(join(root, 'package.json')));
  return scripts.start.split(' ').filter((word) => word.startsWith('--'));
}

/** A step failed for a reason that its message explains; no stack trace is needed. */
export class SetupError extends Error {}

/** A stamp remembers the input of a finished step. It lies in node_modules, which Git ignores. */
const stampFile = (name) => join(root, 'node_modules', `.orders-${name}`);

export function readStamp(name) {
  return readText(stampFile(name));
}

export function writeStamp(name, text) {
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(stampFile(name), text);
}

/** @returns {string} the file's text; empty if there is no such file */
export function readText(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** @returns {string} the SHA-256 of the names and contents of files, relative to the root */
export function hashOf(files) {
  const sum = createHash('sha256');
  for (const file of files) sum.update(`${file}\0`).update(readText(join(root, file)));
  return sum.digest('hex');
}

/** @returns {string[]} files below a folder, relative to the root, sorted; none if it is missing */
export function filesBelow(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .sort();
}

/** Runs a command in the root, and shows what it prints. Throws SetupError if it fails. */
export function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  throw new SetupError(`${[command, ...args].join(' ')} failed${error ? `: ${error.message}` : ''}.`);
}

export function say(text) {
  console.error(`set-up: ${text}`);
}

/** @returns {boolean} whether Node was started with the script that has this `import.meta.url` */
export function isMain(url) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);
}
