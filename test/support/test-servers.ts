import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmbeddedServer } from '../../src/embedded/child.js';
import { startPostgres } from '../../src/embedded/postgres.js';
import { startRedis } from '../../src/embedded/redis.js';
import { createDataDir } from './data-dir.js';

/** The servers that tests run on. */
export interface TestServers {
  /** The variables that tell `serverUrls` where they are. */
  readonly env: { readonly TEST_DATABASE_URL: string; readonly TEST_REDIS_URL: string };
  stop(): Promise<void>;
}

const postgresSettings = [
  // Tests that run at the same time need more sessions than a service: several services each.
  'max_connections=300',
  // Nothing is read after a crash of the machine. Tests of crashes have servers of their own.
  'fsync=off',
  'full_page_writes=off',
  // With hundreds of databases it would start a process several times a second.
  'autovacuum=off',
  // Tests copy databases: the kernel does that faster than PostgreSQL.
  'file_copy_method=clone',
  // Each copy would log two lines.
  'log_checkpoints=off',
];

/**
 * Starts one embedded PostgreSQL and some embedded Redis servers.
 * `TEST_DATABASE_URL` and `TEST_REDIS_URL` name other servers; commas separate several Redis URLs.
 * Each test has databases of its own. Tests that run at the same time cannot share a Redis: some
 * flush it, some limit its memory.
 * @param redisServers one per process that runs tests
 */
export async function startTestServers(redisServers = 1): Promise<TestServers> {
  const { TEST_DATABASE_URL, TEST_REDIS_URL } = process.env;
  const folder = await createDataDir('test');
  const started: EmbeddedServer[] = [];
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  const keep = (server: EmbeddedServer) => {
    started.push(server);
    return server.url;
  };
  const postgres = () => startPostgres(folder, quiet, { settings: postgresSettings }).then(keep);
  const redis = (nth: number) => startRedis(join(folder, String(nth)), quiet).then(keep);
  const starting = [
    TEST_DATABASE_URL || postgres(),
    ...(TEST_REDIS_URL ? [TEST_REDIS_URL] : Array.from({ length: redisServers }, (_, nth) => redis(nth))),
  ];
  try {
    const [databaseUrl = '', ...redisUrls] = await Promise.all(starting);
    return { env: { TEST_DATABASE_URL: databaseUrl, TEST_REDIS_URL: redisUrls.join(',') }, stop };
  } catch (error) {
    // Those that still start are stopped too.
    await Promise.allSettled(starting);
    await stop();
    throw error;
  }
}

function quiet(): void {
  // Tests print nothing but results.
}
