// A copy of the project that takes one deliberate bug at a time.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopSignals } from '../run-child.mjs';
import { compilerArgs } from '../setup/build.mjs';
import { root } from '../setup/project.mjs';

const copied = ['bench', 'client', 'dist', 'docs', 'package.json', 'package-lock.json', 'redis', 'scripts'];
const parts = [...copied, 'sql', 'src', 'test', 'tsconfig.json'];
/** Time that the harness may take besides the faults: for starts, the last recovery, and checks. */
const restMs = 300_000;
/** A harness that was told to stop gets this long before its processes are killed. */
const stopMs = 20_000;

/** No mutant can be judged any further. */
export class CannotJudge extends Error {}

/** @returns {string} the folder of the copy */
export function copyProject() {
  const folder = mkdtempSync(join(tmpdir(), 'orders-mutant-'));
  // The embedded servers run as another user, which has to enter the folder.
  chmodSync(folder, 0o755);
  for (const part of parts) cpSync(join(root, part), join(folder, part), { recursive: true });
  // The build of the project has checked no types. Without its stamp all of them are checked once.
  rmSync(join(folder, 'dist', '.tsbuildinfo'), { force: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

export function removeCopy(folder) {
  if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
}

/** @returns {string | undefined} why the patch does not apply */
export function applyPatch(folder, patch, direction = []) {
  const { status, stderr, error } = spawnSync('git', ['apply', ...direction, patch], { cwd: folder, encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr).trim();
}

/** @returns {string | undefined} the compiler's errors */
export function compile(folder) {
  const { status, stdout, error } = spawnSync(process.execPath, compilerArgs, { cwd: folder, encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stdout).trim();
}

/**
 * Runs the harness in the copy.
 * @returns {Promise<{ code: number | null, output: string, timedOut: boolean }>}
 */
export function runHarness(folder, { faults, seconds, seed }) {
  const harness = join('dist', 'test', 'faults', 'main.js');
  const args = [harness, '--minutes', String(seconds / 60), '--seed', String(seed), '--only', faults];
  // A process group of its own, which holds the processes of the service too.
  const child = spawn(process.execPath, args, { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // The group has ended.
    }
  };
  let output = '';
  let timedOut = false;
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const timers = [];
  const stop = () => {
    kill('SIGTERM');
    timers.push(setTimeout(kill, stopMs, 'SIGKILL'));
  };
  timers.push(
    setTimeout(
      () => {
        timedOut = true;
        stop();
      },
      seconds * 1_000 + restMs,
    ),
  );
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    stop();
  };
  for (const signal of stopSignals) process.on(signal, interrupt);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      for (const timer of timers) clearTimeout(timer);
      for (const signal of stopSignals) process.off(signal, interrupt);
      kill('SIGKILL');
      if (interrupted) reject(new CannotJudge('interrupted'));
      else resolve({ code, output, timedOut });
    });
  });
}
