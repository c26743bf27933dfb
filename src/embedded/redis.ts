import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';
import { projectPath } from '../project-path.js';
import { freePort, startChild, waitUntil } from './child.js';
import { processIs, stopOrphan } from './orphan.js';
import type { EmbeddedServer } from './postgres.js';

const startTimeoutMs = 30_000;

/**
 * Starts a redis-server or valkey-server on `<dataDir>/redis`: loopback only, with a password of its own, with an
 * append-only file. A server that an earlier, killed process left running on the data is stopped first.
 * @param settings further lines of its configuration.
 */
export async function startRedis(
  dataDir: string,
  say: (text: string) => void,
  { port: chosenPort, settings = [] }: { readonly port?: number; readonly settings?: readonly string[] } = {},
): Promise<EmbeddedServer> {
  const program = await findRedis();
  if (!program) {
    throw new Error(
      'there is no redis-server or valkey-server on the PATH: install one (Debian: apt-get install redis-server; ' +
        'macOS: brew install redis), or set REDIS_URL to a server of yours',
    );
  }
  const folder = join(dataDir, 'redis');
  const pidFile = join(folder, 'redis.pid');
  await mkdir(folder, { recursive: true });
  const orphan = Number(await readFile(pidFile, 'utf8').catch(() => '0'));
  // Redis shows its address in its process title, and nothing of its folder: the port is what tells it apart.
  const lastPort = (await readFile(join(folder, 'port'), 'utf8').catch(() => '')).trim();
  if (orphan > 0 && lastPort !== '' && (await processIs(orphan, `:${lastPort}`))) {
    say('stopping a Redis that an earlier run has left behind');
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
  // By standard input, so that the password shows in no process list.
  const child = startChild(program, ['-'], { input: `${configuration}\n` });
  const url = `redis://:${password}@127.0.0.1:${port}`;
  await waitUntil('Redis', child, startTimeoutMs, () => ping(url));
  // Redis writes its pidfile only as a daemon on some versions; ours is what the next start goes by.
  await writeFile(pidFile, String(child.process.pid ?? 0));
  return { url, child, stop: () => child.stop('SIGTERM') };
}

/** The first of the programs that is on the PATH, or that the set-up has built. */
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

/** Answers once the server has loaded its data. */
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
