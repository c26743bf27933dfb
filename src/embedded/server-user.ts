import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

/** As whom a server process runs: as we do, or as another user where we are root. */
export interface ServerUser {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** A command that starts the server as that user; empty where setting the ids is enough. */
  readonly wrapper: readonly string[];
}

const userName = 'postgres';

/**
 * PostgreSQL refuses to run as root. Where we are root, it runs as the user postgres, who is created if need be.
 * @param paths what it has to reach. Where that lies below a folder that only root may enter (such as /root), it is
 *   started with the one privilege of walking past that.
 */
export async function serverUser(paths: readonly string[]): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return { uid: undefined, gid: undefined, wrapper: [] };
  const { uid, gid } = (await lookUp(userName)) ?? (await createUser(userName));
  if ((await Promise.all(paths.map(everyoneMayEnter))).every(Boolean)) return { uid, gid, wrapper: [] };
  const setpriv = '/usr/bin/setpriv';
  const found = await access(setpriv, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!found) {
    throw new Error(
      `the embedded PostgreSQL runs as the user ${userName}, who may not enter ${paths.join(' or ')}: move the project and ` +
        'ORDERS_DATA_DIR out of root’s home, or run the service as an ordinary user, or set DATABASE_URL',
    );
  }
  const capability = '+dac_override';
  const wrapper = [
    setpriv,
    '--reuid',
    String(uid),
    '--regid',
    String(gid),
    '--clear-groups',
    '--inh-caps',
    capability,
    '--ambient-caps',
    capability,
  ];
  return { uid, gid, wrapper };
}

async function everyoneMayEnter(path: string): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode } = await stat(folder);
    if ((mode & constants.S_IXOTH) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

async function lookUp(name: string): Promise<{ uid: number; gid: number } | undefined> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((one) => one.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

async function createUser(name: string): Promise<{ uid: number; gid: number }> {
  await promisify(execFile)('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--shell',
    '/usr/sbin/nologin',
    name,
  ]);
  const created = await lookUp(name);
  if (!created)
    throw new Error(`the user ${name} could not be created: run the service as an ordinary user, or set DATABASE_URL`);
  return created;
}
