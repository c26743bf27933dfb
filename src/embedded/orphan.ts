import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const stopTimeoutMs = 20_000;
const killTimeoutMs = 5_000;

/** Whether a process is alive and was started with this word in its command line: a pid alone may have been given anew. */
export async function processIs(pid: number, word: string): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-p', String(pid), '-o', 'args=']);
    return stdout.includes(word);
  } catch {
    return processIsByProc(pid, word);
  }
}

/** Where there is no ps (small containers), Linux tells the same in /proc. */
async function processIsByProc(pid: number, word: string): Promise<boolean> {
  const args = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return args.includes(word);
}

/** Ends a server that is not our child, and waits until it is gone; kills it if it does not go. */
export async function stopOrphan(pid: number, signal: NodeJS.Signals): Promise<void> {
  const alive = () => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  if (alive()) process.kill(pid, signal);
  const deadline = Date.now() + stopTimeoutMs;
  while (alive()) {
    if (Date.now() > deadline + killTimeoutMs) {
      throw new Error(`process ${pid}, which an earlier run has left behind, does not end: end it by hand`);
    }
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
