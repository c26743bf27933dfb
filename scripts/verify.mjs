#!/usr/bin/env node
// `npm run verify`: what continuous integration runs. The check, the tests and the long tests; ends
// with one line of all counts, such as "763 passed, 0 failed".
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './setup/project.mjs';

const folder = mkdtempSync(join(tmpdir(), 'orders-verify-'));
try {
  if (npm('run', 'check').status !== 0) {
    console.error('verify: npm run check has failed, so no test was run');
    process.exitCode = 1;
  } else {
    const results = [tests('test'), tests('test:all')];
    const sum = (count) => results.reduce((total, result) => total + result[count], 0);
    console.log(`${sum('passes')} passed, ${sum('failures')} failed`);
    process.exitCode = sum('failures') === 0 && results.every(({ passes }) => passes > 0) ? 0 : 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Runs a script of tests. A run that fails without a failed test counts as one failure. */
function tests(script) {
  const file = join(folder, `${script.replace(':', '-')}.json`);
  const { status } = npm('run', script, { TEST_COUNTS_FILE: file });
  const { passes, failures } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { passes: 0, failures: 0 };
  return { passes, failures: status === 0 ? failures : Math.max(failures, 1) };
}

function npm(command, script, env = {}) {
  console.log(`\nverify: npm ${command} ${script}`);
  return spawnSync('npm', ['--silent', command, script], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
}
