import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';
import { projectPath } from '../project-path.js';
import { type EmbeddedServer, freePort, startChild, waitUntilStarted } from './child.js';
import { processHasText, stopOrphan } from './orphan.js';

const startTimeoutMs = 30_000;

/**
 * Starts a redis-server or valkey-server on `<dataDir>/redis`. The server listens on loopback only,
 * has a generated password, and keeps its data in an append-only file. A server that an earlier,
 * killed process has left running on the same data is stopped first.
 * @param settings further lines of the server's configuration file.
 */
export async function startRedis(
  dataDir: string,
  notify: (message: string) => void,
  { port: chosenPort, settings = [] }: { readonly port?: number; readonly settings?: readonly string[] } = {},
): Promise<EmbeddedServer> {
  const program = await findRedis();
  if (!program) {
    throw new Error(
      'there is no redis-server or valkey-server on the PATH: install one (Debian: apt-get install redis-server; ' +
        'macOS: brew install redis), or set REDIS_URL to the URL of a running server',
    );
  }
  const folder = join(dataDir, 'redis');
  const pidFile = join(folder, 'redis.pid');
  await mkdir(folder, { recursive: true });
  const orphan = Number(await readFile(pidFile, 'utf8').catch(() => '0'));
  // The process title of Redis shows its address but not its folder, so the port identifies it.
  const lastPort = (await readFile(join(folder, 'port'), 'utf8').catch(() => '')).trim();
  if (orphan > 0 && lastPort !== '' && (await processHasText(orphan, `:${lastPort}`))) {
    notify('stopping a Redis that an earlier run has left running');
    await stopOrphan(orphan, 'SIGTERM');
  }
  await rm(pidFile, { force: true });

  const port = chosenPort ?? (await freePort());
  const password = randomBytes(18).toString('base64url');
  await writeFile(join(folder, 'port'), String(port));
  const configuration = [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    `dir "${folder}"`,
    `pidfile "${pidFile}"`,
    'daemonize no',
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'maxmemory-policy noeviction',
    ...settings,
  ].join('\n');
  // On standard input, since arguments with the password would show in process lists.
  const child = startChild(program, ['-'], { input: `${configuration}\n` });
  const url = `redis://:${password}@127.0.0.1:${port}`;
  await waitUntilStarted('Redis', child, startTimeoutMs, () => ping(url));
  // Some versions of Redis write their pidfile only as a daemon. The next start needs this file.
  await writeFile(pidFile, String(child.process.pid ?? 0));
  return { url, child, stop: () => child.stop('SIGTERM') };
}

/** The first program found on the PATH, or the one that scripts/setup.mjs has built. */
async function findRedis(): Promise<string | undefined> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = ['redis-server', 'valkey-server'].flatMap((name) => folders.map((folder) => join(folder, name)));
  const built = await readFile(projectPath('node_modules', '.orders-redis-path'), 'utf8').catch(() => '');
  for (const candidate of built ? [...candidates, built.trim()] : candidates) {
    const executable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return candidate;
  }
  return undefined;
}

/** Rejects until the server accepts connections and has loaded its data. */
async function ping(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}
