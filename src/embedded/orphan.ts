import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const stopTimeoutMs = 20_000;
const killTimeoutMs = 5_000;
const checkIntervalMs = 25;

/**
 * Whether a process is alive and has this text in its command line. The PID alone is not enough:
 * the system may have given it to another process.
 */
export async function processHasText(pid: number, text: string): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-p', String(pid), '-o', 'args=']);
    return stdout.includes(text);
  } catch {
    return procHasText(pid, text);
  }
}

/** For small containers without ps: on Linux, /proc has the same information. */
async function procHasText(pid: number, text: string): Promise<boolean> {
  const args = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return args.includes(text);
}

/**
 * Stops a server that is not a child of this process, and waits for its end. Kills it if it does
 * not end in time.
 */
export async function stopOrphan(pid: number, signal: NodeJS.Signals): Promise<void> {
  const isAlive = () => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  if (isAlive()) process.kill(pid, signal);
  const deadline = Date.now() + stopTimeoutMs;
  while (isAlive()) {
    if (Date.now() > deadline + killTimeoutMs) {
      throw new Error(`process ${pid}, a server of an earlier run, cannot be stopped: kill it by hand`);
    }
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, checkIntervalMs));
  }
}
