import { readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stopOrphan } from './orphan.js';
import { findProcess, type RunningProcess } from './running-process.js';

/** A PID that no system gives to a process. */
const nobodysPid = 2_147_483_646;

export interface RunningPostgres {
  readonly process: RunningProcess;
  readonly port: number;
}

/**
 * Finds the PostgreSQL that runs on these files. PostgreSQL keeps its PID in postmaster.pid. The
 * process counts only if its command names the folder.
 */
export async function findPostmaster(pgData: string): Promise<RunningPostgres | undefined> {
  const [pid, , , port] = (await readPidFile(pgData)).split('\n');
  const process = await findProcess(Number(pid));
  // `startPostgres` puts the folder before the settings.
  const folder = /^(?:\S.*\/)?postgres -D (.+?) -c /.exec(process?.command ?? '')?.[1];
  if (!process || folder === undefined || !(await isSameFolder(folder, pgData))) return undefined;
  return { process, port: Number(port) };
}

/** Stops a PostgreSQL that has outlived the process that started it. */
export async function stopOrphanedPostgres(pgData: string, notify: (message: string) => void): Promise<void> {
  const orphan = await findPostmaster(pgData);
  if (!orphan) return;
  await stopOrphan(orphan.process, 'SIGINT', { name: 'PostgreSQL', folder: pgData }, () =>
    notify('stopping a PostgreSQL that an earlier run has left running'),
  );
}

/**
 * Replaces the PID in postmaster.pid if another process has it now: PostgreSQL would refuse to
 * start. The rest of the file stays: PostgreSQL checks with it whether processes of the earlier
 * server still use the files.
 */
export async function clearStalePid(pgData: string): Promise<void> {
  const [pid, ...others] = (await readPidFile(pgData)).split('\n');
  if (!pid || !(await findProcess(Number(pid)))) return;
  await writeFile(join(pgData, 'postmaster.pid'), [nobodysPid, ...others].join('\n'));
}

function readPidFile(pgData: string): Promise<string> {
  return readFile(join(pgData, 'postmaster.pid'), 'utf8').catch(() => '');
}

async function isSameFolder(one: string, other: string): Promise<boolean> {
  const paths = await Promise.all([one, other].map((path) => realpath(path).catch(() => undefined)));
  return paths[0] !== undefined && paths[0] === paths[1];
}
