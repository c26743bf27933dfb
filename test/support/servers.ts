import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import pg from 'pg';
import { pino } from 'pino';
import { createPool, type LogSettings, type Pool, readLogSettings } from '../../src/event-log/database.js';
import { migrate } from '../../src/event-log/migrate.js';
import { createKeys, type ReadModelKeys } from '../../src/read-models/keys.js';
import { startTestServers, type TestServers } from './test-servers.js';

let servers: TestServers | undefined;

/** Starts servers if mocha runs by itself; scripts/test.mjs starts them and passes their URLs. */
export async function mochaGlobalSetup(): Promise<void> {
  servers = await startTestServers();
  Object.assign(process.env, servers.env);
}

export async function mochaGlobalTeardown(): Promise<void> {
  await servers?.stop();
}

export const silent = pino({ level: 'silent' });

/** A database of its own, migrated; its read models share no key with those of another. */
export interface TestLog {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly pool: Pool;
  /** A connection as the database's owner, a superuser. */
  readonly owner: pg.Client;
  readonly redis: Redis;
  readonly settings: LogSettings;
  readonly keys: ReadModelKeys;
  close(): Promise<void>;
}

export async function createTestLog(partitions = 16): Promise<TestLog> {
  const databaseUrl = await createDatabase(`template ${await migratedDatabase(partitions)}`);
  const redisUrl = serverUrls().redisUrl;
  const pool = createPool(databaseUrl, 10);
  const owner = new pg.Client({ connectionString: databaseUrl });
  owner.on('error', () => undefined);
  await owner.connect();
  // The copy has the log id of the original.
  await owner.query(`
    alter table log_settings disable trigger log_settings_fixed;
    update log_settings set log_id = gen_random_uuid(), created_at = now();
    alter table log_settings enable always trigger log_settings_fixed`);
  const redis = new Redis(redisUrl);
  const settings = await readLogSettings(pool);
  return {
    databaseUrl,
    redisUrl,
    pool,
    owner,
    redis,
    settings,
    keys: createKeys(settings.logId),
    async close() {
      await pool.end();
      await owner.end();
      redis.disconnect();
    },
  };
}

/** Names of migrated databases of this process, by number of partitions. */
const migratedDatabases = new Map<number, Promise<string>>();

/** A migrated database to copy: a copy takes a third of the time of a migration. */
function migratedDatabase(partitions: number): Promise<string> {
  const known = migratedDatabases.get(partitions);
  if (known !== undefined) return known;
  const created = createDatabase().then(async (url) => {
    await migrate(url, partitions);
    return new URL(url).pathname.slice(1);
  });
  migratedDatabases.set(partitions, created);
  return created;
}

/** An empty database. @param options those of `create database` */
export async function createDatabase(options = ''): Promise<string> {
  const { databaseUrl } = serverUrls();
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin(`create database ${name} ${await copyingFiles()} ${options}`);
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  return url.href;
}

let fileCopy: Promise<string> | undefined;

/** Copies files, which is faster than writing them to the WAL. PostgreSQL 14 always does. */
function copyingFiles(): Promise<string> {
  fileCopy ??= adminPool()
    .query<{ option: string }>(
      `select case when current_setting('server_version_num')::integer < 150000 then '' else 'strategy file_copy' end as option`,
    )
    .then(({ rows }) => rows[0]?.option ?? '');
  return fileCopy;
}

let admin: pg.Pool | undefined;

function adminPool(): pg.Pool {
  if (!admin) {
    admin = new pg.Pool({ connectionString: serverUrls().databaseUrl, max: 1, allowExitOnIdle: true });
    admin.on('error', () => undefined);
  }
  return admin;
}

export async function asAdmin(sql: string): Promise<void> {
  await adminPool().query(sql);
}

/** The servers of this process: processes that run tests at the same time share no Redis. */
export function serverUrls(): { databaseUrl: string; redisUrl: string } {
  const { TEST_DATABASE_URL, TEST_REDIS_URL, MOCHA_WORKER_ID = '0' } = process.env;
  const redisUrls = TEST_REDIS_URL?.split(',') ?? [];
  const redisUrl = redisUrls[Number(MOCHA_WORKER_ID) % redisUrls.length];
  if (!TEST_DATABASE_URL || !redisUrl) throw new Error('the test servers are not running');
  return { databaseUrl: TEST_DATABASE_URL, redisUrl };
}

/**
 * Tries at short intervals until the result is truthy. Fails after `timeoutMs`, and says what it
 * waited for.
 */
export async function eventually<T>(
  what: string,
  attempt: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const result = await attempt();
    if (result) return result;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
