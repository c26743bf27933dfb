import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.js';
import { DataDirInUse, lockDataDir } from './data-dir-lock.js';
import type { EmbeddedServer } from './postgres.js';

/** The servers to use, wherever they run. */
export interface Servers {
  readonly databaseUrl: string;
  readonly migrationDatabaseUrl: string;
  readonly redisUrl: string;
  /** Resolves when an embedded server has ended by itself: without it, nothing more can be done. */
  readonly failed: Promise<Error>;
  /** Stops the embedded ones. */
  stop(): Promise<void>;
}

interface Urls {
  databaseUrl: string | undefined;
  redisUrl: string | undefined;
}

/**
 * The servers that the configuration names; where it names none, embedded ones, started here. With `join`, those that
 * another process of this service has started on the same data are used where there is one: how the command line works
 * beside a running service.
 */
export async function openServers(
  config: Config,
  say: (text: string) => void,
  mode: 'own' | 'join' = 'own',
): Promise<Servers> {
  const { databaseUrl, redisUrl, dataDir } = config;
  if (databaseUrl !== undefined && redisUrl !== undefined)
    return servers(config, { databaseUrl, redisUrl }, [], async () => undefined);

  let unlock: () => Promise<void>;
  try {
    unlock = await lockDataDir(dataDir);
  } catch (error) {
    if (mode === 'own' || !(error instanceof DataDirInUse)) throw error;
    const running = JSON.parse(await readFile(urlsFile(dataDir), 'utf8').catch(() => '{}')) as Partial<Urls>;
    const joined = { databaseUrl: databaseUrl ?? running.databaseUrl, redisUrl: redisUrl ?? running.redisUrl };
    if (!joined.databaseUrl || !joined.redisUrl)
      throw new Error('the service on this data is just starting or stopping: try again');
    return servers(config, joined, [], async () => undefined);
  }

  const started: EmbeddedServer[] = [];
  const stop = async () => {
    await rm(urlsFile(dataDir), { force: true });
    await Promise.all(started.map((server) => server.stop()));
    await unlock();
  };
  const keep = (server: EmbeddedServer) => {
    started.push(server);
    return server.url;
  };
  try {
    // Loaded where they are needed: the command line mostly finds servers that run.
    const [{ startPostgres }, { startRedis }] = await Promise.all([import('./postgres.js'), import('./redis.js')]);
    // One after the other only in what they say; each takes about a second.
    const [database, redis] = await Promise.allSettled([
      databaseUrl ?? startPostgres(dataDir, say).then(keep),
      redisUrl ?? startRedis(dataDir, say).then(keep),
    ]);
    if (database.status === 'rejected') throw database.reason;
    if (redis.status === 'rejected') throw redis.reason;
    const urls = { databaseUrl: database.value, redisUrl: redis.value };
    await writeFile(urlsFile(dataDir), JSON.stringify(urls), { mode: 0o600 });
    return servers(config, urls, started, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

function servers(config: Config, urls: Urls, started: readonly EmbeddedServer[], stop: () => Promise<void>): Servers {
  const { databaseUrl = '', redisUrl = '' } = urls;
  let stopping = false;
  const failed = new Promise<Error>((resolve) => {
    for (const { child } of started) {
      void child.ended.then(() => {
        if (!stopping) resolve(new Error(`an embedded server has ended: ${child.output().trim()}`));
      });
    }
  });
  return {
    databaseUrl,
    redisUrl,
    migrationDatabaseUrl: config.migrationDatabaseUrl ?? databaseUrl,
    failed,
    stop: () => {
      stopping = true;
      return stop();
    },
  };
}

/** Where the command line finds the servers of a running service. Readable by its owner only: it holds passwords. */
function urlsFile(dataDir: string): string {
  return join(dataDir, 'servers.json');
}
