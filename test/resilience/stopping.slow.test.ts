import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import type { EmbeddedServer } from '../../src/embedded/child.js';
import { startPostgres } from '../../src/embedded/postgres.js';
import { startRedis } from '../../src/embedded/redis.js';
import { projectPath } from '../../src/project-path.js';
import { createDataDir } from '../support/data-dir.js';
import { eventually } from '../support/servers.js';
import { call, startService } from '../support/service.js';

describe('a process that has decided to stop', () => {
  let folder: string;
  const started: EmbeddedServer[] = [];
  beforeEach(async () => {
    folder = await createDataDir('stopping');
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  });

  async function startServers(): Promise<[postgres: EmbeddedServer, redis: EmbeddedServer]> {
    const servers: [EmbeddedServer, EmbeddedServer] = await Promise.all([
      startPostgres(folder, () => undefined),
      startRedis(folder, () => undefined),
    ]);
    started.push(...servers);
    return servers;
  }

  it('a service ends after SIGTERM with exit code 0 although PostgreSQL is away, and has logged little about it', async () => {
    const [postgres, redis] = await startServers();
    const service = await startService({ databaseUrl: postgres.url, redisUrl: redis.url });
    await postgres.stop();
    await eventually('the service to notice', () => /LISTEN connection failed/.test(service.output()));
    await eventually(
      'the service to be not ready',
      async () => (await call(service, 'GET', '/health/ready')).status === 503,
    );
    for (let nth = 0; nth < 50; nth += 1) {
      const order = { user_id: 'u', item_ids: ['a'], total_amount: 1 };
      expect((await call(service, 'POST', '/orders', order)).status).to.equal(503);
    }
    expect(await service.stop()).to.equal(0);
    expect(service.output()).to.match(/orders: stopped\n$/);
    const lines = service
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    const messages = lines.map((line) => JSON.parse(line).msg as string);
    expect(new Set(messages).size, 'each failure is logged once').to.be.greaterThan(2);
    expect(messages.filter((message) => /requests get 503/.test(message))).to.have.length(1);
    expect(messages.filter((message) => /ownership of partitions/.test(message)).length).to.be.lessThan(3);
  });

  it('a service ends with exit code 1 and the cause when its embedded PostgreSQL dies, and stops its Redis', async () => {
    const env = { ORDERS_DATA_DIR: folder, DATABASE_URL: '', REDIS_URL: '' };
    const service = await startService(undefined, env);
    const pid = Number((await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);
    const redis = JSON.parse(await readFile(join(folder, 'redis', 'server.json'), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
    expect(await service.exited).to.equal(1);
    expect(service.output()).to.match(/orders: the embedded PostgreSQL was ended by SIGKILL/);
    expect(() => process.kill(redis.pid, 0), 'the embedded Redis has ended').to.throw(/ESRCH/);
  });

  it('a start that hangs ends after SIGTERM with exit code 0', async () => {
    // Accepts connections and never responds.
    const silentServer: Server = createServer(() => undefined);
    await new Promise<void>((resolve) => silentServer.listen(0, '127.0.0.1', resolve));
    const address = silentServer.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const connected = new Promise((resolve) => silentServer.once('connection', resolve));
    const child = spawn(process.execPath, [projectPath('dist', 'src', 'cli', 'main.js'), 'serve'], {
      env: {
        ...process.env,
        DATABASE_URL: `postgresql://u:p@127.0.0.1:${port}/orders`,
        REDIS_URL: `redis://127.0.0.1:${port}`,
      },
      stdio: 'ignore',
    });
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
    await connected;
    child.kill('SIGTERM');
    expect(await exited).to.equal(0);
    silentServer.close();
  });
});
