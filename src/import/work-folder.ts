import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/**
 * The folder beside the file for what this process writes to read it. A run that checks the file
 * and one that imports it may read it at the same time, so each process has a folder of its own.
 */
export function workFolder(file: string): string {
  return `${prefixOf(file)}${process.pid}`;
}

/**
 * Removes the folders of runs that were killed: they may hold personal data. A run on another
 * machine names another host, so its folder is left alone.
 */
export async function removeAbandonedFolders(file: string): Promise<void> {
  const prefix = basename(prefixOf(file));
  for (const name of await readdir(dirname(file))) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN;
    if (!Number.isSafeInteger(pid) || pid <= 0) continue;
    if (pid !== process.pid && !isAlive(pid)) await rm(join(dirname(file), name), { recursive: true, force: true });
  }
}

function prefixOf(file: string): string {
  return `${file}.import-work.${hostname()}.`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user cannot be signalled, but it is alive.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
