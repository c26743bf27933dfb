#!/usr/bin/env node
// Proves that the fault harness finds bugs: applies each patch of test/faults/mutants, a deliberate
// bug, to a copy of the project, and runs the harness on it. `npm run test:mutants -- [NAME…]`.
//
// A patch begins with a sentence about the bug, and with the faults and the seconds in which the
// harness has to find it. Exit code 1: a mutant survived, or its patch does not apply any more.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { root } from './setup/project.mjs';
import { setUp } from './setup.mjs';

const folder = join(root, 'test', 'faults', 'mutants');
const copied = ['bench', 'client', 'dist', 'docs', 'package.json', 'package-lock.json', 'redis', 'scripts'];
const parts = [...copied, 'sql', 'src', 'test', 'tsconfig.json'];
const seed = '1';

setUp();
const asked = process.argv.slice(2);
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.patch'))
  .map((name) => basename(name, '.patch'))
  .filter((name) => asked.length === 0 || asked.includes(name));
let survivors = 0;
for (const name of names) {
  const result = findMutant(name);
  if (!result.found) survivors += 1;
  console.log(`${result.found ? 'found' : 'SURVIVED'}  ${name}: ${result.text}`);
}
console.log(`${names.length - survivors} of ${names.length} mutants were found`);
process.exitCode = survivors > 0 || names.length === 0 ? 1 : 0;

/** Runs the harness on a mutated copy. */
function findMutant(name) {
  const patch = join(folder, `${name}.patch`);
  const text = readFileSync(patch, 'utf8');
  const [, faults] = /^faults: (.+)$/m.exec(text) ?? [];
  const [, seconds] = /^seconds: (\d+)$/m.exec(text) ?? [];
  if (!faults || !seconds) return { found: false, text: 'the patch names no faults or no seconds' };
  const copy = mkdtempSync(join(tmpdir(), 'orders-mutant-'));
  try {
    // The embedded servers run as another user, who has to enter the folder.
    chmodSync(copy, 0o755);
    for (const part of parts) cpSync(join(root, part), join(copy, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    const applied = run(copy, 'git', ['apply', patch]);
    if (applied.status !== 0) return { found: false, text: `the patch does not apply: ${applied.stderr}` };
    const compiler = [join('node_modules', 'typescript', 'bin', 'tsc'), '--incremental', '--noCheck'];
    run(copy, process.execPath, [...compiler, '--tsBuildInfoFile', join('dist', '.tsbuildinfo')]);
    const harness = join('dist', 'test', 'faults', 'main.js');
    const minutes = String(Number(seconds) / 60);
    const ended = run(copy, process.execPath, [harness, '--minutes', minutes, '--seed', seed, '--only', faults]);
    const output = `${ended.stdout}${ended.stderr}`;
    const [, anomaly = output.slice(-300)] = /anomalies; [^\n]*\n +([^\n]+)/.exec(output) ?? [];
    return { found: ended.status === 1, text: ended.status === 1 ? anomaly.slice(0, 300) : output.slice(-300) };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function run(cwd, command, args) {
  return spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}
