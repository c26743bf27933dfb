import { lstat, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Config } from '../config.js';
import { type EmbeddedServer, endedByItself } from './child.js';
import { DataDirInUse, type DataDirLock, joinDataDir, type LockOwner, lockDataDir } from './data-dir-lock.js';
import { isStorageFailure, unusableDataDir } from './data-folder.js';
import { unsupportedPlatform } from './platform.js';
import { ServerFailure } from './server-failure.js';

/** How long a command waits for the servers of a process that has just started. */
const joinTimeoutMs = 60_000;
const joinCheckMs = 100;

/** The PostgreSQL and the Redis to use: configured ones, or embedded ones. */
export interface Servers {
  /** The login of the running service. */
  readonly databaseUrl: string;
  /** PostgreSQL itself, if `databaseUrl` leads to a pooler in transaction mode. */
  readonly directDatabaseUrl: string | undefined;
  /** The owner of the log's tables. */
  readonly migrationDatabaseUrl: string;
  readonly redisUrl: string;
  /**
   * Resolves when an embedded server has ended unexpectedly. The process cannot continue without
   * it.
   */
  readonly failed: Promise<Error>;
  /** Stops the embedded servers that this process has started. */
  stop(): Promise<void>;
}

export interface OpenServersOptions {
  /** Takes messages for the person at the terminal. */
  readonly notify: (message: string) => void;
  /** Names this process in the messages of others, such as "orders serve". */
  readonly command: string;
  /**
   * - `own`: starts embedded servers, and creates their data at the first start. Rejects if another
   *   process uses the data folder.
   * - `join`: uses embedded servers that run already, and never stops them. If none run, starts
   *   them on the data that exists. The command line works in this way.
   */
  readonly mode: 'own' | 'join';
  /** Whether Redis is needed. By default it is. */
  readonly redis?: boolean;
}

interface Urls {
  readonly databaseUrl?: string | undefined;
  /** Of embedded servers only. */
  readonly migrationDatabaseUrl?: string | undefined;
  readonly redisUrl?: string | undefined;
}

/** The content of servers.json. */
interface Published extends Urls {
  /** The process that has written it. */
  readonly pid: number;
}

/**
 * Finds the configured servers, and starts embedded ones for those that are not configured and
 * needed.
 */
export async function openServers(config: Config, options: OpenServersOptions): Promise<Servers> {
  const { databaseUrl, redisUrl, dataDir } = config;
  const { mode, command, redis: needsRedis = true } = options;
  const configured = { databaseUrl, redisUrl };
  if (databaseUrl !== undefined && (redisUrl !== undefined || !needsRedis)) return toServers(config, configured, []);

  const problem = unsupportedPlatform();
  if (problem !== undefined) throw new Error(problem);
  if (mode === 'join') await requireData(config);
  const deadline = performance.now() + joinTimeoutMs;
  for (;;) {
    try {
      return await start(config, options, await lockDataDir(dataDir, command));
    } catch (error) {
      if (mode === 'own' || !(error instanceof DataDirInUse)) throw error;
      const joined = await joinOwner(config, configured, error.owner, deadline);
      if (joined) return joined;
      // The owner has just stopped: this process becomes the owner, or joins the next one.
    }
  }
}

/** Starts the embedded servers that are needed and do not run already. */
async function start(config: Config, { mode, notify }: OpenServersOptions, lock: DataDirLock): Promise<Servers> {
  const { databaseUrl, redisUrl, dataDir, databaseRole: role } = config;
  const started: EmbeddedServer[] = [];
  const stop = async () => {
    const isShared = mode === 'join' && started.length > 0;
    if (isShared) await lock.waitUntilUnused();
    await rm(urlsFile(dataDir), { force: true });
    // For a process that has read the file just before.
    if (isShared) await lock.waitUntilUnused();
    await Promise.all(started.map((server) => server.stop()));
    await lock.release();
  };
  const keep = <Server extends EmbeddedServer>(server: Server) => {
    started.push(server);
    return server;
  };
  try {
    await rm(urlsFile(dataDir), { force: true });
    // Imported only here: the command line mostly finds running servers, and starts faster without.
    const [postgres, redis] = await Promise.all([import('./postgres.js'), import('./redis.js')]);
    const running =
      mode === 'join'
        ? { database: await postgres.findPostgres(dataDir, role), redisUrl: await redis.findRedis(dataDir) }
        : {};
    // allSettled: if one of them fails, the other has to be complete before it can be stopped.
    const [database, readModels] = await Promise.allSettled([
      databaseUrl ?? running.database ?? postgres.startPostgres(dataDir, notify, { role }).then(keep),
      redisUrl ?? running.redisUrl ?? redis.startRedis(dataDir, notify).then((server) => keep(server).url),
    ]);
    if (database.status === 'rejected') throw database.reason;
    if (readModels.status === 'rejected') throw readModels.reason;
    const urls = { ...databaseUrls(database.value), redisUrl: readModels.value };
    const published: Published = { pid: process.pid, ...urls };
    await writeFile(urlsFile(dataDir), JSON.stringify(published), { mode: 0o600 });
    return toServers(config, urls, started, stop);
  } catch (error) {
    await stop();
    throw isStorageFailure(error) ? unusableDataDir(dataDir, error) : error;
  }
}

/** @param database a configured address, or an embedded server */
function databaseUrls(database: string | { readonly url: string; readonly serviceUrl: string }): Urls {
  if (typeof database === 'string') return { databaseUrl: database };
  return { databaseUrl: database.serviceUrl, migrationDatabaseUrl: database.url };
}

/**
 * Uses the servers of the process that has locked the data folder. Undefined if it stops meanwhile.
 * @param seen the owner, for error messages
 */
async function joinOwner(
  config: Config,
  configured: Urls,
  seen: LockOwner,
  deadline: number,
): Promise<Servers | undefined> {
  for (;;) {
    const joined = await joinDataDir(config.dataDir);
    if (!joined) {
      if (performance.now() <= deadline) return undefined;
      throw new Error(`${describeOwner(seen)} has just stopped: run the command again`);
    }
    const { owner, leave } = joined;
    const published = await readPublished(config.dataDir, owner);
    const urls = {
      ...(configured.databaseUrl === undefined
        ? { databaseUrl: published?.databaseUrl, migrationDatabaseUrl: published?.migrationDatabaseUrl }
        : { databaseUrl: configured.databaseUrl }),
      redisUrl: configured.redisUrl ?? published?.redisUrl,
    };
    if (urls.databaseUrl && urls.redisUrl) return toServers(config, urls, [], async () => leave());
    leave();
    if (performance.now() > deadline) {
      throw new Error(`${describeOwner(owner)} uses ${config.dataDir} but has no servers: try again later`);
    }
    await setTimeout(joinCheckMs);
  }
}

function describeOwner({ pid, command }: LockOwner): string {
  return pid === undefined ? 'another process' : `process ${pid} (${command})`;
}

/**
 * A command never creates a database: in a wrong folder it would work on an empty one. Only the
 * service creates it.
 */
async function requireData({ databaseUrl, dataDir }: Config): Promise<void> {
  const name = databaseUrl === undefined ? 'postgres' : 'redis';
  const found = await lstat(join(dataDir, name)).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw unusableDataDir(dataDir, error);
      return false;
    },
  );
  if (found) return;
  throw new Error(
    `there is no data of the service in ${dataDir}: run the command in the folder of the service, or set ` +
      `ORDERS_DATA_DIR, or ${databaseUrl === undefined ? 'DATABASE_URL and REDIS_URL' : 'REDIS_URL'}. ` +
      '(`orders serve` creates the data at its first start.)',
  );
}

function toServers(
  config: Config,
  { databaseUrl = '', migrationDatabaseUrl, redisUrl = '' }: Urls,
  started: readonly EmbeddedServer[],
  stop: () => Promise<void> = async () => undefined,
): Servers {
  let stopping = false;
  const failed = new Promise<Error>((resolve) => {
    for (const { name, child, logFile } of started) {
      void child.ended.then(() => {
        if (stopping) return;
        const end = endedByItself(child) ? 'ended unexpectedly' : `was ended by ${child.process.signalCode}`;
        resolve(
          new ServerFailure(`the embedded ${name} ${end}`, child.output(), {
            logFile,
            endedByItself: endedByItself(child),
          }),
        );
      });
    }
  });
  return {
    databaseUrl,
    redisUrl,
    directDatabaseUrl: config.directDatabaseUrl,
    migrationDatabaseUrl:
      config.migrationDatabaseUrl ?? config.directDatabaseUrl ?? migrationDatabaseUrl ?? databaseUrl,
    failed,
    stop: () => {
      stopping = true;
      return stop();
    },
  };
}

/** Reads servers.json. Undefined while the owner of the folder is still starting its servers. */
async function readPublished(dataDir: string, { pid }: LockOwner): Promise<Published | undefined> {
  try {
    const published = JSON.parse(await readFile(urlsFile(dataDir), 'utf8')) as Published;
    return published.pid === pid ? published : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The file with the URLs of the embedded servers, for the command line. Only its owner may read it:
 * the URLs hold passwords.
 */
function urlsFile(dataDir: string): string {
  return join(dataDir, 'servers.json');
}
