import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const maxAttempts = 3;

/** The data folder is in use by another process that is alive. */
export class DataDirInUse extends Error {
  constructor(dataDir: string) {
    super(`another process of this service uses ${dataDir}: stop it, or set ORDERS_DATA_DIR to another folder`);
    this.name = 'DataDirInUse';
  }
}

/**
 * Locks a data folder for this process. The lock is a Unix socket that the process listens on. The
 * kernel closes it when the process dies, so a killed process leaves no lock that looks alive.
 * @returns a function that releases the lock. Rejects with DataDirInUse.
 */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  const path = socketPath(dataDir);
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const server = await tryListen(path);
    if (server) return () => new Promise((resolve) => server.close(() => resolve()));
    if (await acceptsConnections(path)) throw new DataDirInUse(dataDir);
    // The file of a socket whose process has died.
    await rm(path, { force: true });
  }
  throw new DataDirInUse(dataDir);
}

/** Sockets are in the temporary folder, since their paths are limited to about a hundred bytes. */
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

function acceptsConnections(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
