import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { projectPath } from '../project-path.js';
import { type EmbeddedServer, freePort, startChild, waitUntilStarted } from './child.js';
import { makeFolder } from './data-folder.js';
import { findRecordedRedis, recordRedis, stopOrphanedRedis } from './running-redis.js';
import { ServerFailure } from './server-failure.js';

const run = promisify(execFile);

/** The oldest Redis with all commands that the service uses: GETDEL came with it. */
const oldest = { major: 6, minor: 2 };

export const neededRedis = `Redis ${oldest.major}.${oldest.minor} or newer, or Valkey`;

const startTimeoutMs = 30_000;
/** How often another port is tried if a free port was taken meanwhile. */
const maxPorts = 5;

export interface RedisOptions {
  readonly port?: number;
  /** Further lines of the server's configuration file. */
  readonly settings?: readonly string[];
}

/**
 * Starts a redis-server or valkey-server on `<dataDir>/redis`. The server listens on loopback only,
 * has a generated password, and keeps its data in an append-only file. A server that an earlier,
 * killed process has left running on the same data is stopped first.
 *
 * If the server cannot read its data (because the file is damaged, or was written by a newer
 * version), the folder is renamed and an empty one is used: projectors fill the read models again
 * from the log.
 */
export async function startRedis(
  dataDir: string,
  notify: (message: string) => void,
  options: RedisOptions = {},
): Promise<EmbeddedServer> {
  const program = await findRedisProgram();
  const folder = join(dataDir, 'redis');
  await makeFolder(folder, 0o700);
  await stopOrphanedRedis(folder, notify);
  try {
    return await launch(program, folder, options);
  } catch (error) {
    if (!(error instanceof ServerFailure) || !error.endedByItself || !(await hasData(folder))) throw error;
    return await launchWithoutData(program, folder, options, error, notify);
  }
}

/**
 * The URL of the Redis that runs on a data folder and responds, whichever process has started it.
 * Undefined if there is none.
 */
export async function findRedis(dataDir: string): Promise<string | undefined> {
  const running = await findRecordedRedis(join(dataDir, 'redis'));
  if (running?.password === undefined) return undefined;
  const url = urlOf(running.password, running.port);
  return ping(url).then(
    () => url,
    () => undefined,
  );
}

/**
 * Puts the data back if the server cannot start without it either: then the data is not the cause.
 */
async function launchWithoutData(
  program: string,
  folder: string,
  options: RedisOptions,
  cause: ServerFailure,
  notify: (message: string) => void,
): Promise<EmbeddedServer> {
  const aside = `${folder}.laid-aside`;
  await rm(aside, { recursive: true, force: true });
  await rename(folder, aside);
  try {
    await mkdir(folder, { mode: 0o700 });
    const server = await launch(program, folder, options);
    notify(
      `Redis cannot read its data (${cause.reason}): the folder was laid aside as ${aside}, and the read models are ` +
        'filled again from the log',
    );
    return server;
  } catch {
    await rm(folder, { recursive: true, force: true });
    await rename(aside, folder);
    throw cause;
  }
}

async function launch(
  program: string,
  folder: string,
  { port: chosenPort, settings = [] }: RedisOptions,
): Promise<EmbeddedServer> {
  const name = 'Redis';
  const logFile = join(dirname(folder), 'redis.log');
  const password = randomBytes(18).toString('base64url');
  for (let nth = 1; ; nth += 1) {
    const port = chosenPort ?? (await freePort());
    const configuration = [
      'bind 127.0.0.1',
      `port ${port}`,
      `requirepass ${password}`,
      `dir ${quoted(folder)}`,
      'daemonize no',
      'appendonly yes',
      'appendfsync everysec',
      'save ""',
      'maxmemory-policy noeviction',
      ...settings,
    ].join('\n');
    // On standard input, since arguments with the password would show in process lists.
    const child = startChild(program, ['-'], { input: `${configuration}\n` });
    await recordRedis(folder, { pid: child.process.pid ?? 0, port, password });
    try {
      const url = urlOf(password, port);
      await waitUntilStarted({ name, child, logFile }, startTimeoutMs, () => ping(url));
      return { name, url, child, logFile, stop: () => child.stop('SIGTERM') };
    } catch (error) {
      await child.stop('SIGKILL');
      const taken = error instanceof ServerFailure && error.reason.includes('Address already in use');
      if (!taken || chosenPort !== undefined || nth === maxPorts) throw error;
    }
  }
}

/** A value as Redis reads it in its configuration: one line, whatever characters a path has. */
function quoted(value: string): string {
  const escaped = value.replace(/["\\\p{Cc}]/gu, (one) =>
    [...Buffer.from(one)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  );
  return `"${escaped}"`;
}

async function hasData(folder: string): Promise<boolean> {
  const names = await readdir(folder);
  return names.some((name) => name.startsWith('appendonly') || name.endsWith('.rdb'));
}

/**
 * @param version such as "6.0.16", as INFO and `redis-server --version` show it. A text that is no
 *   version is not old.
 */
export function isOldRedis(version: string): boolean {
  const [, major = NaN, minor = NaN] = (/^(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  return major < oldest.major || (major === oldest.major && minor < oldest.minor);
}

/**
 * The first program on the PATH that is new enough, or the one that scripts/setup.mjs has built.
 * scripts/setup/redis-server.mjs looks for the same. Rejects if there is none.
 * @param built the program that the set-up has built; empty if it has built none
 */
export async function findRedisProgram(path = process.env.PATH ?? '', built?: string): Promise<string> {
  const folders = path.split(delimiter).filter(Boolean);
  const candidates = ['redis-server', 'valkey-server'].flatMap((name) => folders.map((folder) => join(folder, name)));
  const old: string[] = [];
  for (const candidate of [...candidates, built ?? (await builtProgram())]) {
    const executable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (candidate === '' || !executable) continue;
    const version = await versionOf(candidate);
    if (!isOldRedis(version)) return candidate;
    old.push(`${candidate} is Redis ${version}, but the service needs ${neededRedis}`);
  }
  throw new Error(
    `${old[0] ?? 'there is no redis-server or valkey-server on the PATH'}: install one (Debian: apt-get install ` +
      'redis-server; macOS: brew install redis), or set REDIS_URL to the URL of a running server',
  );
}

/** Such as "7.0.15"; empty if the program does not tell. */
async function versionOf(program: string): Promise<string> {
  const { stdout } = await run(program, ['--version']).catch(() => ({ stdout: '' }));
  return / v=([\d.]+)/.exec(stdout)?.[1] ?? '';
}

async function builtProgram(): Promise<string> {
  const stamp = await readFile(projectPath('node_modules', '.orders-redis-path'), 'utf8').catch(() => '');
  return stamp.trim();
}

function urlOf(password: string, port: number): string {
  return `redis://:${password}@127.0.0.1:${port}`;
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
