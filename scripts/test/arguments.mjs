// The command line of scripts/test.mjs.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root } from '../setup/project.mjs';

/**
 * @typedef {object} Options
 * @property {boolean} help
 * @property {string} [problem] what is wrong with the arguments
 * @property {string[]} paths test files and folders, relative to the root; empty: all
 * @property {boolean} unit
 * @property {boolean} slow
 * @property {boolean} watch
 * @property {number} jobs
 * @property {string[]} mochaArgs
 */

/** Tests wait for other processes much of the time: one more file than cores keeps all busy. */
const defaultJobs = () => availableParallelism() + 1;

/** @returns {Options} */
export function readArguments(args) {
  const options = {
    help: false,
    paths: [],
    unit: false,
    slow: false,
    watch: false,
    jobs: defaultJobs(),
    mochaArgs: [],
  };
  for (let nth = 0; nth < args.length; nth += 1) {
    const arg = args[nth];
    if (arg === '--help' || arg === '-h') options.help = true;
    else if (arg === '--unit' || arg === '--slow' || arg === '--watch') options[arg.slice(2)] = true;
    else if (arg === '--jobs') {
      nth += 1;
      options.jobs = Number(args[nth]);
    } else if (isTestPath(arg)) options.paths.push(arg);
    else if (/\.test\.[jt]s$/.test(arg)) options.problem = `there is no ${arg}`;
    else options.mochaArgs.push(arg);
  }
  if (!(Number.isInteger(options.jobs) && options.jobs > 0)) options.problem = '--jobs needs a number from 1';
  return options;
}

/** The words of a --grep are no path, even if they begin with one. */
function isTestPath(arg) {
  return /^(\.\/)?(dist\/)?test(\/|$)/.test(arg) && existsSync(join(root, arg));
}
