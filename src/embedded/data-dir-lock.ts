import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The data directory is in use by another process that is alive. */
export class DataDirInUse extends Error {
  constructor(dataDir: string) {
    super(`another process of this service uses ${dataDir}: stop it, or set ORDERS_DATA_DIR to another folder`);
    this.name = 'DataDirInUse';
  }
}

/**
 * Makes this process the one user of a data directory, for as long as it lives: it listens on a socket, which the
 * kernel closes with the process, so nothing is left to be mistaken for a live owner after a kill. Returns how to give
 * the lock back. Throws DataDirInUse.
 */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  const path = socketPath(dataDir);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const server = await tryListen(path);
    if (server) return () => new Promise((resolve) => server.close(() => resolve()));
    if (await answers(path)) throw new DataDirInUse(dataDir);
    await rm(path, { force: true });
  }
  throw new DataDirInUse(dataDir);
}

/** In the temporary directory, since the path of a socket may have only about a hundred bytes. */
function socketPath(dataDir: string): string {
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 24);
  return join(tmpdir(), `orders-${name}.sock`);
}

function tryListen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => resolve(server));
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
