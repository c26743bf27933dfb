import { readFile } from 'node:fs/promises';

/** The most memory that a process has had in RAM so far, in MB; undefined without /proc. */
export async function peakMemory(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return peakIn(status);
}

/** VmHWM of /proc/PID/status, the "high water mark" of the resident set (proc(5)). */
export function peakIn(status: string): number | undefined {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1_024;
}
