import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { EmbeddedServer } from '../../src/embedded/child.js';
import { startPostgres } from '../../src/embedded/postgres.js';
import { startRedis } from '../../src/embedded/redis.js';
import { ServerFailure } from '../../src/embedded/server-failure.js';
import { createDataDir } from '../support/data-dir.js';

describe('the data of the embedded servers', () => {
  let folder: string;
  let notices: string[];
  const notify = (message: string) => notices.push(message);
  beforeEach(async () => {
    folder = await createDataDir('data');
    notices = [];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function query(server: EmbeddedServer, text: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    const { rows } = await client.query(text);
    await client.end();
    return rows;
  }

  it('Redis keeps its data in the data folder, whatever characters its name has', async () => {
    const odd = join(folder, 'a "b"\n\\x41 \u00e9 #');
    await mkdir(odd);
    const server = await startRedis(odd, notify);
    await server.stop();
    expect(await readdir(join(odd, 'redis'))).to.include('appendonlydir');
  });

  it('PostgreSQL starts again after its creation was interrupted, and after its PID was given to another process', async () => {
    // initdb was killed half-way, in a version that created the files in their final place.
    const pgData = join(folder, 'postgres');
    await mkdir(join(pgData, 'base', '1'), { recursive: true });
    await writeFile(join(pgData, 'PG_VERSION'), '18\n');
    // And in this version, which renames them once they are complete.
    await mkdir(`${pgData}.new`);
    await writeFile(join(`${pgData}.new`, 'PG_VERSION'), '18\n');
    const first = await startPostgres(folder, notify);
    expect(notices.join()).to.match(/was interrupted: it starts again/);
    await query(first, 'create table kept as select 42 as answer');
    const pid = await readFile(join(pgData, 'postmaster.pid'), 'utf8');
    await first.stop();

    // A process with the PID of the file that is no PostgreSQL, as after a restart of the machine.
    const stranger = spawn('sleep', ['600']);
    await writeFile(join(pgData, 'postmaster.pid'), pid.replace(/^\d+/, String(stranger.pid)));
    try {
      const second = await startPostgres(folder, notify);
      expect(await query(second, 'select answer from kept')).to.deep.equal([{ answer: 42 }]);
      expect(stranger.exitCode ?? stranger.signalCode, 'the stranger was not stopped').to.equal(null);
      await second.stop();
    } finally {
      stranger.kill('SIGKILL');
    }

    await writeFile(join(pgData, 'PG_VERSION'), '12\n');
    const refused = await startPostgres(folder, notify).catch((error: Error) => error.message);
    expect(refused).to.match(/are those of PostgreSQL 12, and this service brings PostgreSQL \d+: run the service/);
    await writeFile(join(pgData, 'PG_VERSION'), '18\n');

    await rm(join(pgData, 'global', 'pg_control'));
    const damaged = await startPostgres(folder, notify).catch((error: Error) => error);
    expect(damaged).to.be.instanceOf(ServerFailure);
    const [firstLine = '', ...others] = String(damaged).split('\n');
    expect(firstLine).to.match(/PostgreSQL ended while starting: .*(pg_control|database system)/);
    expect(firstLine).to.include(join(folder, 'postgres.log'));
    expect([firstLine.length < 500, others]).to.deep.equal([true, []]);
  });

  async function keys(server: EmbeddedServer): Promise<number> {
    const redis = new Redis(server.url);
    try {
      return await redis.dbsize();
    } finally {
      redis.disconnect();
    }
  }

  /** Starts a Redis, writes a key and stops it again. */
  async function writeData(): Promise<void> {
    const server = await startRedis(folder, notify);
    const redis = new Redis(server.url);
    await redis.set('key', 'value');
    redis.disconnect();
    await server.stop();
  }

  const damages: [title: string, damage: (appendOnly: string) => Promise<void>][] = [
    [
      'a damaged append-only file',
      async (appendOnly) => {
        const name = (await readdir(appendOnly)).find((one) => one.endsWith('.incr.aof')) ?? '';
        await writeFile(join(appendOnly, name), 'this is no append-only file\n'.repeat(10));
      },
    ],
    [
      'a file of a newer Redis',
      async (appendOnly) => {
        const name = (await readdir(appendOnly)).find((one) => one.endsWith('.base.rdb')) ?? '';
        const content = await readFile(join(appendOnly, name));
        await writeFile(join(appendOnly, name), Buffer.concat([Buffer.from('REDIS0999'), content.subarray(9)]));
      },
    ],
  ];
  for (const [title, damage] of damages) {
    it(`Redis starts with ${title}: the folder is laid aside with its reason, and the server is empty`, async () => {
      await writeData();
      await damage(join(folder, 'redis', 'appendonlydir'));
      const server = await startRedis(folder, notify);
      expect(await keys(server)).to.equal(0);
      await server.stop();
      expect(notices.join()).to.match(
        /Redis cannot read its data \(.+\): the folder was laid aside as .*redis\.laid-aside/,
      );
      expect(await readdir(join(folder, 'redis.laid-aside'))).to.include('appendonlydir');
    });
  }

  it('Redis keeps its data if it cannot start for another reason', async () => {
    await writeData();
    const failed = await startRedis(folder, notify, { settings: ['appendfsync sometimes'] }).catch(
      (error: Error) => error,
    );
    expect(String(failed)).to.match(
      /Redis ended while starting: Reading the configuration file.*appendfsync sometimes/,
    );
    const server = await startRedis(folder, notify);
    expect(await keys(server)).to.equal(1);
    await server.stop();
    expect(notices).to.deep.equal([]);
  });

  it('Redis starts although the recorded PID and port belong to other processes', async () => {
    await writeData();
    // This process has the recorded PID, and a port that begins with the same digits.
    const record = join(folder, 'redis', 'server.json');
    await writeFile(record, JSON.stringify({ pid: process.pid, port: 6379, password: 'x', started: 'long ago' }));
    const server = await startRedis(folder, notify);
    expect(await keys(server)).to.equal(1);
    await server.stop();
    expect(notices).to.deep.equal([]);
  });
});
