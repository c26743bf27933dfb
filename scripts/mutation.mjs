#!/usr/bin/env node
// Measures the tests of the domain and of the projections' folds: Stryker changes one expression at
// a time in a copy of the project, and the tests should then fail. `npm run test:mutation --
// [FILE…]`; by default all of src/orders and src/projections, which takes an hour on two cores.
//
// Stryker's runner needs Mocha 11, and the project has a later one: both are installed in the copy.
// Exit code 1: fewer than 90 % of the changes were noticed. Code that runs once, when a module is
// loaded, is left out: each of its changes would need a process of its own.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyProject, removeCopy } from './mutants/project-copy.mjs';
import { root } from './setup/project.mjs';
import { setUp } from './setup.mjs';
import { startServers } from './test/run-tests.mjs';

const packages = ['@stryker-mutator/core@9', '@stryker-mutator/mocha-runner@9', 'mocha@11'];
const minScore = 90;
const folders = ['orders', 'commands', 'queries', 'import', 'projections'];
const specs = [
  ...folders.map((folder) => `dist/test/${folder}/**/*.unit.test.js`),
  'dist/test/projections/folds.test.js',
];

setUp();
const copy = copyProject();
const servers = await startServers({ jobs: 1, paths: [], unit: false, slow: false });
try {
  process.exitCode = measure(process.argv.slice(2));
} finally {
  await servers.stop();
  removeCopy(copy);
}

/** @returns {number} the exit code */
function measure(files) {
  rmSync(join(copy, 'node_modules'));
  cpSync(join(root, 'node_modules'), join(copy, 'node_modules'), { recursive: true, verbatimSymlinks: true });
  // Stryker builds in a folder of its own, where it links the packages only after the build.
  writeFileSync(
    join(copy, 'build.mjs'),
    `import { spawnSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
if (!existsSync('node_modules')) symlinkSync(${JSON.stringify(join(copy, 'node_modules'))}, 'node_modules');
spawnSync('npx', ['tsc', '--noCheck'], { stdio: 'inherit' });
`,
  );
  writeFileSync(join(copy, 'mocha.json'), JSON.stringify({ timeout: 60_000 }));
  writeFileSync(join(copy, 'stryker.conf.json'), JSON.stringify(configuration(files)));
  const installed = run('npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', ...packages]);
  return installed === 0 ? run('npx', ['stryker', 'run', 'stryker.conf.json']) : installed;
}

function configuration(files) {
  return {
    testRunner: 'mocha',
    plugins: ['@stryker-mutator/mocha-runner'],
    mutate: files.length > 0 ? files : ['src/orders/**/*.ts', 'src/projections/*.ts'],
    mochaOptions: { spec: specs, config: join(copy, 'mocha.json') },
    buildCommand: `node ${join(copy, 'build.mjs')}`,
    coverageAnalysis: 'perTest',
    ignoreStatic: true,
    timeoutMS: 20_000,
    reporters: ['clear-text', 'progress'],
    clearTextReporter: { logTests: false, reportTests: false },
    thresholds: { high: 95, low: minScore, break: minScore },
  };
}

function run(command, args) {
  return spawnSync(command, args, { cwd: copy, stdio: 'inherit', env: { ...process.env, ...servers.env } }).status ?? 1;
}
