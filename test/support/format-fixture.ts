import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import pg from 'pg';
import { projectPath } from '../../src/project-path.js';
import { createDatabase, serverUrls } from './servers.js';

/** A database and a Redis as an earlier version left them, loaded into the test servers. */
export interface FormatFixture {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** The keys that it was written with, as environment variables. */
  readonly env: Record<string, string>;
  /** A signed checkpoint that was taken before a person was forgotten. */
  readonly checkpointFile: string;
  /** The responses of that version to queries, by path. */
  readonly responses: Readonly<Record<string, unknown>>;
}

/** Loads test/fixtures/format-N; scripts/write-format-fixture.mjs has written it. */
export async function loadFormatFixture(format: number): Promise<FormatFixture> {
  const file = (name: string) => projectPath('test', 'fixtures', `format-${format}`, name);
  const text = (name: string) => readFileSync(file(name), 'utf8');
  const databaseUrl = await createDatabase();
  const { redisUrl } = serverUrls();
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(
    `do $$ begin
       if not exists (select from pg_roles where rolname = 'orders_service') then
         create role orders_service nologin;
       end if;
     end $$`,
  );
  await client.query(text('database.sql'));
  await client.end();
  const redis = new Redis(redisUrl);
  for (const line of text('redis.ndjson').trimEnd().split('\n')) {
    const [command = '', ...args] = JSON.parse(line) as string[];
    await redis.call(command, ...args);
  }
  redis.disconnect();
  return {
    databaseUrl,
    redisUrl,
    env: {
      ORDERS_PERSONAL_DATA_KEY_FILE: file('personal-data.key'),
      ORDERS_SIGNING_KEY_FILES: file('signing-key.pem'),
    },
    checkpointFile: file('checkpoint.json'),
    responses: JSON.parse(text('responses.json')) as Record<string, unknown>,
  };
}
