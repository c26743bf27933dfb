import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/**
 * The user that the embedded PostgreSQL runs as if this process is root: PostgreSQL refuses to run
 * as root.
 */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

const userName = 'postgres';

/**
 * The user postgres, which is created if it does not exist. Undefined if this process is not root:
 * the server then runs as the same user.
 */
export async function serverUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  return (await lookUp(userName)) ?? createUser(userName);
}

/**
 * Whether every user may enter a folder. Folders below /root, for example, are closed to others.
 */
export async function everyoneMayEnter(path: string): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode } = await stat(folder);
    if ((mode & constants.S_IXOTH) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** A folder that every user may enter, as a substitute for one that they may not. */
export function reachableFolder(forFolder: string): string {
  return join('/var/lib', `order-service-${createHash('sha256').update(forFolder).digest('hex').slice(0, 12)}`);
}

async function lookUp(name: string): Promise<ServerUser | undefined> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((one) => one.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

async function createUser(name: string): Promise<ServerUser> {
  const options = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin'];
  await promisify(execFile)('useradd', [...options, name]);
  const created = await lookUp(name);
  if (created) return created;
  throw new Error(`the user ${name} could not be created: run the service as an ordinary user, or set DATABASE_URL`);
}
