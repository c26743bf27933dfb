import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createDataDir } from '../support/data-dir.js';
import { type Ended, runOrders, spawnOrders } from '../support/orders-command.js';
import { eventually } from '../support/servers.js';
import { call, type RunningService, startService } from '../support/service.js';

describe('the embedded servers', () => {
  let dataDir: string;
  const running: RunningService[] = [];
  before(async () => {
    dataDir = await createDataDir('embedded');
  });
  after(async () => {
    await Promise.all(running.map((service) => service.stop()));
    await rm(dataDir, { recursive: true, force: true });
  });

  async function start(): Promise<RunningService> {
    const service = await startService(undefined, { ORDERS_DATA_DIR: dataDir, DATABASE_URL: '', REDIS_URL: '' });
    running.push(service);
    return service;
  }
  const place = async (service: RunningService) =>
    (await call(service, 'POST', '/orders', { user_id: 'u', item_ids: ['a'], total_amount: 1 })).body.order_id;
  const get = (service: RunningService, id: string) => call(service, 'GET', `/orders/${id}`);

  it('the embedded servers lose no acknowledged order when the service is killed, and start again on the same data', async () => {
    const first = await start();
    const ids: string[] = [];
    for (let nth = 0; nth < 20; nth += 1) ids.push(await place(first));
    first.kill('SIGKILL');
    await first.exited;

    const second = await start();
    expect(second.output()).to.match(/left running/);
    for (const id of ids) await eventually('the order', async () => (await get(second, id)).status === 200);

    // A second service on the same data must not start.
    const refused = await startService(undefined, { ORDERS_DATA_DIR: dataDir, DATABASE_URL: '', REDIS_URL: '' }).catch(
      (error: Error) => error,
    );
    expect(String(refused)).to.match(
      new RegExp(
        `process ${second.process.pid} \\(orders serve, since .*\\) uses ${dataDir}: stop it, or set ORDERS_DATA_DIR`,
      ),
    );

    expect(await second.stop()).to.equal(0);
    const third = await start();
    expect(third.output()).not.to.match(/left running/);
    expect((await get(third, ids[0]!)).status).to.equal(200);
    expect((await call(third, 'GET', '/orders/metrics')).body.total_orders).to.equal(20);
  });

  /** Runs a command on the embedded servers, in an environment of its own. */
  function orders(args: string[], env: Record<string, string> = {}): Promise<Ended> {
    return spawnOrders({ databaseUrl: '', redisUrl: '' }, args, { env: { ORDERS_DATA_DIR: dataDir, ...env } });
  }

  /** The PIDs of the embedded servers. */
  async function pids(): Promise<[postgres: number, redis: number]> {
    const postgres = await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8');
    const redis = JSON.parse(await readFile(join(dataDir, 'redis', 'server.json'), 'utf8')) as { pid: number };
    return [Number(postgres.split('\n')[0]), redis.pid];
  }

  it('a command beside a running service uses its servers, whatever the temporary folder is, and stops nothing', async () => {
    const service = running.at(-1)!;
    const before = await pids();
    const other = await mkdtemp(join(tmpdir(), 'orders-tmp-'));
    const all = await Promise.all([orders(['status'], { TMPDIR: other }), orders(['verify']), orders(['status'])]);
    expect(all.map(({ code }) => code)).to.deep.equal([0, 0, 0]);
    expect(all.map(({ output }) => output).join()).not.to.match(/left running/);
    expect(await pids()).to.deep.equal(before);
    expect((await call(service, 'GET', '/health/ready')).body.status).to.equal('ready');
    await rm(other, { recursive: true });
  });

  it('commands without a running service share the servers that one of them starts, and stop them at the end', async () => {
    expect(await running.at(-1)!.stop()).to.equal(0);
    const all = await Promise.all(['verify', 'status', 'verify', 'status'].map((command) => orders([command])));
    // The status exits with 1 some seconds after the last projector has stopped.
    const failed = all.filter(({ code, output }) => code !== 0 && !output.includes('no living projector'));
    expect(failed).to.deep.equal([]);
    const next = await start();
    expect(next.output()).not.to.match(/left running/);
  });

  it('a command uses servers that a killed service has left running, and stops neither of them', async () => {
    const service = running.at(-1)!;
    service.kill('SIGKILL');
    await service.exited;
    const before = await pids();
    const verified = await orders(['verify']);
    expect([verified.code, verified.output.includes('left running')]).to.deep.equal([0, false]);
    expect(await pids()).to.deep.equal(before);
    const next = await start();
    expect(next.output()).to.match(/left running/);
  });

  it('a command in a wrong folder creates no database: it says where it looked and what to do', async () => {
    const wrong = await mkdtemp(join(tmpdir(), 'orders-wrong-'));
    for (const args of [['status'], ['keys', 'list'], ['migrate']]) {
      const env = { ORDERS_DATA_DIR: join(wrong, '.data') };
      const { code, output } = await runOrders({ databaseUrl: '', redisUrl: '' }, args, env);
      expect(code).to.equal(1);
      expect(output).to.match(/there is no data of the service in .*wrong.*\.data: run the command in the folder of/);
    }
    expect(await readdir(wrong)).to.deep.equal([]);
    await rm(wrong, { recursive: true });
  });

  it('the embedded servers stop with the service, after the requests in flight', async () => {
    const service = running.at(-1)!;
    const requests = Array.from({ length: 50 }, () =>
      call(service, 'POST', '/orders', { user_id: 'u', item_ids: ['a'], total_amount: 1 }).then(
        ({ status }) => status,
        () => 'refused',
      ),
    );
    await requests[0];
    // Ctrl-C under npm sends two signals: one from the terminal to the whole group, one from npm.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGINT'] as const) service.kill(signal);
    expect(await service.stop()).to.equal(0);
    const answers = await Promise.all(requests);
    expect(answers.filter((status) => status !== 201 && status !== 'refused')).to.deep.equal([]);
    expect(service.output()).to.match(/stopped/);
    const next = await start();
    expect(next.output(), 'no server was left running').not.to.match(/left running/);
  });
});
