// Runs another program to its end, in the place of this one.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { root } from './setup/project.mjs';

/** The signals that stop a script: of a supervisor, of Ctrl-C, and of a terminal that closes. */
export const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** A program that was told to stop gets this long before it is killed. */
const stopTimeoutMs = 20_000;

/**
 * Passes signals on to the program. This process stays alive, since it may have servers to stop.
 * The program is a process group: children that it leaves behind are killed when it ends.
 * @returns {Promise<number>} the exit code; after a signal 128 plus its number, as in a shell
 */
export function runChild(command, args, env = {}) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env }, detached: true });
  const kill = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // The group has ended.
    }
  };
  return new Promise((resolve, reject) => {
    const onSignal = (signal) => {
      kill(signal);
      setTimeout(kill, stopTimeoutMs, 'SIGKILL').unref();
    };
    for (const signal of stopSignals) process.on(signal, onSignal);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      for (const one of stopSignals) process.off(one, onSignal);
      kill('SIGKILL');
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}
