#!/usr/bin/env node
// Proves that the fault harness finds bugs: applies each patch of test/faults/mutants, a deliberate
// bug, to a copy of the project, and runs the harness on it.
// `npm run test:mutants -- [--seed N] [NAME…]`.
//
// The copy without a bug has to pass first, with all the faults that reveal the chosen mutants: a
// harness that reports anomalies in any case proves nothing. Exit code 0: all mutants were found.
// 1: one survived. 2: something could not be judged, for example a patch that does not apply.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { applyPatch, CannotJudge, compile, copyProject, removeCopy, runHarness } from './mutants/project-copy.mjs';
import { headerOf, unknownNames, verdictOf } from './mutants/verdict.mjs';
import { root } from './setup/project.mjs';
import { setUp } from './setup.mjs';

const folder = join(root, 'test', 'faults', 'mutants');
/** The control has to be long enough for the checks to have an input. */
const minControlSeconds = 30;

const { values, positionals: asked } = parseArgs({ options: { seed: { type: 'string' } }, allowPositionals: true });
const seed = Number(values.seed ?? 1);
const known = readdirSync(folder)
  .filter((name) => name.endsWith('.patch'))
  .map((name) => basename(name, '.patch'));
const unknown = unknownNames(asked, known);
if (unknown.length > 0) fail(`there is no mutant ${unknown.join(', ')}; there are ${known.join(', ')}`);
if (!Number.isInteger(seed)) fail('--seed is an integer');

const mutants = (asked.length === 0 ? known : asked).map((name) => {
  const patch = join(folder, `${name}.patch`);
  const header = headerOf(readFileSync(patch, 'utf8'));
  if (!header) fail(`the patch ${name} names no bug, no faults or no seconds`);
  return { name, patch, ...header };
});

setUp();
const copy = copyProject();
try {
  process.exitCode = await judgeAll();
} catch (error) {
  if (!(error instanceof CannotJudge)) throw error;
  console.error(error.message);
  process.exitCode = 2;
} finally {
  removeCopy(copy);
}

/** @returns {Promise<number>} the exit code */
async function judgeAll() {
  const errors = compile(copy);
  if (errors !== undefined) throw new CannotJudge(`the project without a bug does not compile: ${errors}`);
  const faults = [...new Set(mutants.flatMap((one) => one.faults.split(',')))].join(',');
  const seconds = Math.max(minControlSeconds, ...mutants.map((one) => one.seconds));
  const control = verdictOf(await runHarness(copy, { faults, seconds, seed }));
  if (control.result !== 'survived') throw new CannotJudge(`the project without a bug does not pass: ${control.text}`);
  console.log(`control   ${seconds} s of ${faults}, seed ${seed}: ${control.text}`);
  const counts = { found: 0, survived: 0, error: 0 };
  for (const mutant of mutants) {
    const { result, text } = await judge(mutant);
    counts[result] += 1;
    console.log(`${result.toUpperCase().padEnd(8)}  ${mutant.name} (${mutant.seconds} s, seed ${seed}): ${text}`);
  }
  console.log(`${counts.found} found, ${counts.survived} survived, ${counts.error} errors`);
  if (counts.error > 0) return 2;
  return counts.survived > 0 ? 1 : 0;
}

async function judge({ patch, faults, seconds }) {
  const refused = applyPatch(copy, patch);
  if (refused !== undefined) return { result: 'error', text: `the patch does not apply: ${refused}` };
  const errors = compile(copy);
  const verdict =
    errors === undefined
      ? verdictOf(await runHarness(copy, { faults, seconds, seed }))
      : { result: 'error', text: `it does not compile: ${errors}` };
  const left = applyPatch(copy, patch, ['--reverse']);
  if (left !== undefined) throw new CannotJudge(`the patch could not be taken back: ${left}`);
  return verdict;
}

function fail(text) {
  console.error(text);
  process.exit(2);
}
