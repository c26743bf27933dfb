import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A process that is alive. Its PID alone does not identify it: the system gives PIDs again. */
export interface RunningProcess {
  readonly pid: number;
  readonly parentPid: number;
  /** When the process started, in a form that is only compared. */
  readonly started: string;
  /** The program and its arguments, separated by spaces. */
  readonly command: string;
}

/** The part of a process that is recorded, so that a later run recognises it. */
export type RecordedProcess = Pick<RunningProcess, 'pid' | 'started'>;

/**
 * Looks a process up. Undefined if it has ended, also if it is a zombie that its parent has not
 * waited for.
 */
export function findProcess(pid: number): Promise<RunningProcess | undefined> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return Promise.resolve(undefined);
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

/** The process that was recorded, if it is alive and no other process has its PID now. */
export async function findRecorded({ pid, started }: RecordedProcess): Promise<RunningProcess | undefined> {
  const found = await findProcess(pid);
  return found?.started === started ? found : undefined;
}

/** On Linux. Small containers have no ps. */
async function fromProc(pid: number): Promise<RunningProcess | undefined> {
  try {
    const [stat, command, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    ]);
    // The second field is the program's name in parentheses, and may hold spaces and parentheses.
    const [state, parent, ...others] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    // Field 22 of /proc/PID/stat: clock ticks since the system's start.
    const ticks = others[17] ?? '';
    const words = command.split('\0').join(' ').trim();
    return { pid, parentPid: Number(parent), started: `${boot.trim()} ${ticks}`, command: words };
  } catch {
    return undefined;
  }
}

async function fromPs(pid: number): Promise<RunningProcess | undefined> {
  try {
    const columns = ['stat=', 'ppid=', 'lstart=', 'args='].flatMap((column) => ['-o', column]);
    const { stdout } = await promisify(execFile)('ps', ['-ww', '-p', String(pid), ...columns], {
      env: { ...process.env, LC_ALL: 'C' },
    });
    // The start has five words, such as "Sun Nov 29 17:03:07 2026".
    const [, state = '', parent, started = '', command = ''] =
      /^\s*(\S+)\s+(\d+)\s+((?:\S+\s+){4}\S+)\s+(.*?)\s*$/s.exec(stdout) ?? [];
    if (state === '' || state.startsWith('Z')) return undefined;
    return { pid, parentPid: Number(parent), started: started.replace(/\s+/g, ' '), command };
  } catch {
    return undefined;
  }
}
