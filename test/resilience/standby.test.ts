import { randomUUID } from 'node:crypto';
import { chown, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import pg from 'pg';
import type { EmbeddedServer } from '../../src/embedded/child.js';
import { startPostgres } from '../../src/embedded/postgres.js';
import { serverUser } from '../../src/embedded/server-user.js';
import { createAppender } from '../../src/event-log/append/group-commit.js';
import { defaultServiceRole } from '../../src/event-log/connection/database-access.js';
import { DatabaseUnavailable, databaseUnavailable } from '../../src/event-log/connection/database-unavailable.js';
import { inspectDatabase } from '../../src/event-log/connection/inspect-database.js';
import { createPool, readLogSettings } from '../../src/event-log/database.js';
import { migrate } from '../../src/event-log/migrate.js';
import { checkEventLog } from '../../src/service/health/event-log-health.js';
import { createDataDir } from '../support/data-dir.js';
import { placedEvent } from '../support/events.js';

describe('a standby, which is read-only', () => {
  let folder: string;
  let standby: EmbeddedServer | undefined;
  before(async () => {
    folder = await createDataDir('standby');
    const primary = await startPostgres(folder, () => undefined);
    await migrate(primary.url, 2);
    const client = new pg.Client({ connectionString: primary.url });
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    await client.end();
    await primary.stop();
    const signal = join(rows[0]?.data_directory ?? '', 'standby.signal');
    await writeFile(signal, '');
    const runAs = await serverUser();
    if (runAs) await chown(signal, runAs.uid, runAs.gid);
    standby = await startPostgres(folder, () => undefined);
  });
  after(async () => {
    await standby?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('ends the start of the service with one sentence, and serves commands that only read', async () => {
    const access = { url: standby?.url ?? '', role: defaultServiceRole };
    const error = await inspectDatabase(access, true).catch((failed: Error) => failed);
    expect(String(error)).to.match(/127\.0\.0\.1:\d+\/orders is a standby, which is read-only: set DATABASE_URL/);
    expect((await migrate(access.url, 2)).applied).to.deep.equal([]);
    expect(await inspectDatabase(access)).to.deep.include({ searchPath: 'public, pg_temp' });
  });

  it('rejects an append with the true cause, and nothing is appended', async () => {
    const pool = createPool(standby?.url ?? '', 1);
    const { append } = createAppender(pool, await readLogSettings(pool));
    const error = await append({ orderId: randomUUID(), expectedVersion: 0, events: [placedEvent()] }).catch(
      (failed: unknown) => failed,
    );
    const unavailable = databaseUnavailable(error);
    expect(unavailable).to.be.instanceOf(DatabaseUnavailable);
    expect(unavailable).to.deep.include({ mayHaveBeenDone: false });
    expect(unavailable?.reason).to.match(/read-only/);
    await pool.end();
  });

  it('makes a process not ready before a command meets it', async () => {
    const pool = createPool(standby?.url ?? '', 1);
    expect(
      await checkEventLog({
        pool,
        continuity: { refusal: undefined, unreachable: new Map(), settings: { partitions: 1 } },
      }),
    ).to.deep.equal({
      works: false,
      isDegraded: false,
      text: 'read-only: the server is a standby',
    });
    await pool.end();
  });
});
