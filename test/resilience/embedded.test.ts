import { rm } from 'node:fs/promises';
import { expect } from 'chai';
import { createDataDir } from '../support/data-dir.js';
import { eventually } from '../support/servers.js';
import { call, type RunningService, startService } from '../support/service.js';

describe('the embedded servers', function () {
  this.timeout(120_000);
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
    expect(String(refused)).to.match(/another process of this service uses/);

    expect(await second.stop()).to.equal(0);
    const third = await start();
    expect(third.output()).not.to.match(/left running/);
    expect((await get(third, ids[0]!)).status).to.equal(200);
    expect((await call(third, 'GET', '/orders/metrics')).body.total_orders).to.equal(20);
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
