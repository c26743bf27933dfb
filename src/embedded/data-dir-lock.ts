import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join, relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ConfigError } from '../environment.js';
import { isStorageFailure, makeFolder, unusableDataDir } from './data-folder.js';

/** Failures to create a socket that say nothing about sockets on this file system. */
const otherFailures: ReadonlySet<string | undefined> = new Set(['EACCES', 'EMFILE', 'ENFILE']);

/** How often two processes that start at once give way to each other. */
const maxAttempts = 50;
const maxAttemptDelayMs = 50;
/** A process that accepts a connection but does not respond in this time is stopped or busy. */
const responseTimeoutMs = 1_000;
/** The longest path of a Unix socket: 104 bytes on macOS, 108 on Linux, each with a zero byte. */
const maxSocketPathBytes = 103;

/** Connecting to the socket of a process that is dead, or has just given way, fails with these. */
const deadCodes: ReadonlySet<string | undefined> = new Set(['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE']);

/** The process that has locked a data folder, as it describes itself. */
export interface LockOwner {
  readonly pid: number | undefined;
  /** Such as "orders serve". */
  readonly command: string;
  readonly since: string;
}

export interface DataDirLock {
  /** Resolves when no other process has joined, see `joinDataDir`. */
  waitUntilUnused(): Promise<void>;
  release(): Promise<void>;
}

/** The data folder is in use by another process that is alive. */
export class DataDirInUse extends Error {
  readonly owner: LockOwner;

  constructor(dataDir: string, owner: LockOwner) {
    const since = owner.since ? `, since ${owner.since}` : '';
    const who = owner.pid === undefined ? 'another process' : `process ${owner.pid} (${owner.command}${since})`;
    super(`${who} uses ${dataDir}: stop it, or set ORDERS_DATA_DIR to another folder`);
    this.name = 'DataDirInUse';
    this.owner = owner;
  }
}

/** The line that a process sends on each connection. Only an owner of the folder has `owns`. */
interface Description extends LockOwner {
  readonly owns: boolean;
}

/**
 * Locks a data folder for this process. Rejects with DataDirInUse.
 *
 * Each process listens on a Unix socket of its own in `<dataDir>/lock`. The kernel closes the
 * socket when the process dies, so a killed process leaves no lock that looks alive. A process owns
 * the folder if it listens and then finds no other process that does. Of two processes that start
 * at once, at least the later one finds the other. Processes in several containers find each other
 * too.
 *
 * A socket gets its name only once it accepts connections. Only an owner removes the sockets of
 * dead processes.
 * @param command what this process does, for error messages of others
 */
export async function lockDataDir(dataDir: string, command: string): Promise<DataDirLock> {
  const folder = join(dataDir, 'lock');
  await makeFolder(folder, 0o700).catch((error: unknown) => {
    throw unusableDataDir(dataDir, error);
  });
  const paths = await openSocketPaths(folder);
  try {
    for (let attempt = 1; ; attempt += 1) {
      const own = await listen(folder, paths.path, command).catch((error: NodeJS.ErrnoException) => {
        throw isStorageFailure(error) || otherFailures.has(error.code)
          ? unusableDataDir(dataDir, error)
          : new ConfigError(
              'ORDERS_DATA_DIR',
              `is ${dataDir}, whose file system must allow Unix sockets (${error.code})`,
            );
      });
      const others = (await readdir(folder)).filter((name) => name.endsWith('.sock') && name !== own.name);
      const found = await Promise.all(others.map(async (name) => ({ name, alive: await describe(paths.path(name)) })));
      const alive = found.flatMap((one) => one.alive ?? []);
      if (alive.length === 0 && (await exists(join(folder, own.name)))) {
        own.takeOwnership();
        await Promise.all(found.map(({ name }) => rm(join(folder, name), { force: true })));
        return own;
      }
      await own.release();
      const owner = alive.find(({ owns }) => owns) ?? (attempt === maxAttempts ? alive[0] : undefined);
      if (owner || attempt === maxAttempts) {
        throw new DataDirInUse(dataDir, owner ?? { pid: undefined, command: '', since: '' });
      }
      await setTimeout(Math.random() * maxAttemptDelayMs);
    }
  } finally {
    await paths.close();
  }
}

/**
 * Tells the owner of a data folder that this process uses its servers, until this process ends or
 * calls `leave`. Undefined if the folder has no owner.
 */
export async function joinDataDir(
  dataDir: string,
): Promise<{ readonly owner: LockOwner; readonly leave: () => void } | undefined> {
  const folder = join(dataDir, 'lock');
  const names = await readdir(folder).catch(() => []);
  const paths = await openSocketPaths(folder);
  try {
    for (const name of names.filter((one) => one.endsWith('.sock'))) {
      const path = paths.path(name);
      const owner = await describe(path);
      if (!owner?.owns) continue;
      const socket = connect(path);
      socket.on('error', () => undefined);
      socket.unref();
      return { owner, leave: () => socket.destroy() };
    }
    return undefined;
  } finally {
    await paths.close();
  }
}

async function listen(
  folder: string,
  socketPath: (name: string) => string,
  command: string,
): Promise<DataDirLock & { readonly name: string; takeOwnership(): void }> {
  const id = randomBytes(8).toString('hex');
  const name = `${id}.sock`;
  let description: Description = { pid: process.pid, command, since: new Date().toISOString(), owns: false };
  const open = new Set<Socket>();
  let onClose = () => undefined;
  const server = createServer((socket) => {
    open.add(socket);
    socket.unref();
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.on('close', () => {
      open.delete(socket);
      onClose();
    });
    socket.write(`${JSON.stringify(description)}\n`);
  });
  server.unref();
  await listenOn(server, socketPath(`${id}.new`));
  await rename(join(folder, `${id}.new`), join(folder, name));
  return {
    name,
    takeOwnership() {
      description = { ...description, owns: true };
    },
    async waitUntilUnused() {
      while (open.size > 0) {
        await new Promise<void>((resolve) => {
          onClose = () => void resolve();
          // Sockets do not keep the process alive by themselves.
          for (const socket of open) socket.ref();
        });
      }
    },
    async release() {
      await rm(join(folder, name), { force: true });
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function listenOn(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
}

/**
 * Asks the process that listens on a socket for its description. Resolves with undefined if no
 * process listens. Any other failure means that the process is alive but does not respond.
 */
function describe(path: string): Promise<Description | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(path);
    const end = (description: Description | undefined) => {
      socket.destroy();
      resolve(description);
    };
    const unknown = { pid: undefined, command: '', since: '', owns: true };
    socket.setTimeout(responseTimeoutMs, () => end(unknown));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => end(deadCodes.has(code) ? undefined : unknown));
    // A process that closes the connection without a response has just given way, or has died.
    socket.on('end', () => end(undefined));
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (text.endsWith('\n')) end(JSON.parse(text) as Description);
    });
  });
}

/**
 * Paths of sockets in a folder. The path of a socket has a low limit, so a long path is replaced by
 * the path from the working directory, or on Linux by the path of an open folder.
 */
async function openSocketPaths(
  folder: string,
): Promise<{ readonly path: (name: string) => string; readonly close: () => Promise<void> }> {
  const longestName = 'x'.repeat(21);
  const fits = (prefix: string) => Buffer.byteLength(join(prefix, longestName)) <= maxSocketPathBytes;
  const short = [folder, relative(process.cwd(), folder)].find(fits);
  if (short !== undefined) return { path: (name) => join(short, name), close: async () => undefined };
  if (process.platform !== 'linux') {
    throw new Error(`the path ${folder} is too long for a Unix socket: set ORDERS_DATA_DIR to a shorter path`);
  }
  const handle = await open(folder, 'r');
  return { path: (name) => `/proc/self/fd/${handle.fd}/${name}`, close: () => handle.close() };
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
