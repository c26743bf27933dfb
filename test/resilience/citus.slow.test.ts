import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { tablePlacement } from '../../src/event-log/citus/table-placement.js';
import { orderPartition } from '../../src/orders/values/partition.js';
import { type CitusCluster, citusPostgres, execute, startCitus } from '../support/citus-cluster.js';
import { createDataDir } from '../support/data-dir.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { runOrders } from '../support/orders-command.js';
import { createDatabase, eventually, serverUrls } from '../support/servers.js';
import { call, getHistory } from '../support/service.js';

const partitions = 8;
const env = { ORDERS_PARTITIONS: String(partitions), ORDERS_WEBHOOKS_ALLOW_PRIVATE: 'yes', LOG_LEVEL: 'error' };

describe('on Citus (skipped where the extension is not installed for Debian’s PostgreSQL)', () => {
  let folder: string;
  let citus: CitusCluster;
  let receiver: Server;
  const received: string[] = [];
  let service: LocalService | undefined;
  before(async function () {
    const bin = await citusPostgres();
    if (bin === undefined) this.skip();
    folder = await createDataDir('citus');
    citus = await startCitus(bin, folder);
    receiver = createServer((request, response) => {
      received.push(String(request.headers['webhook-id']));
      request.resume();
      response.writeHead(request.url === '/fails' ? 500 : 204).end();
    }).listen(0, '127.0.0.1');
  });
  afterEach(async () => {
    await service?.stop();
    service = undefined;
  });
  after(async () => {
    receiver?.close();
    await citus?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('a new log is distributed, everything works on it, and each statement runs on one shard', async () => {
    const servers = { databaseUrl: await citus.createDatabase('new'), redisUrl: serverUrls().redisUrl };
    const migrated = await runOrders(servers, ['migrate', '--citus'], env);
    expect(migrated.output).to.include('distributed log_settings');
    expect((await runOrders(servers, ['migrate', '--citus'], env)).stdout).to.include('distributed already');
    service = await startLocalService(servers, env);
    const at = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    for (const path of ['/works', '/fails']) {
      expect((await call(service, 'POST', '/webhooks', { url: at + path })).status).to.equal(201);
    }
    const ids = await placeOrders(service, 60);
    const paid = await call(service, 'POST', `/orders/${ids[0]}/pay`, { amount: 1 });
    expect(paid.status, paid.text).to.equal(200);
    await eventually(
      'the metrics to hold all orders',
      async () => (await call(service as LocalService, 'GET', '/orders/metrics')).body.total_orders === 60,
    );
    await eventually('61 deliveries', async () => new Set(received.filter((id) => id !== 'undefined')).size >= 61);
    await eventually('a breaker to open', async () => {
      const { body } = await call(service as LocalService, 'GET', '/webhooks');
      const [works, fails] = body.webhooks;
      return works?.pending === 0 && works.lag === 0 && fails?.breaker === 'open' && fails.pending > 0;
    });
    const created = await runOrders(servers, ['keys', 'create', '--name', 'test', '--scopes', 'orders:read'], env);
    expect(created.code, created.output).to.equal(0);

    const verified = await runOrders(servers, ['verify'], env);
    expect(verified.stdout, verified.output).to.include(`the log is intact: 61 events in ${partitions} partitions`);
    const compared = await runOrders(servers, ['verify', '--projections'], env);
    expect(compared.stdout.match(/no difference/g), compared.output).to.have.length(4);
    const recovered = await runOrders(servers, ['recover', '--dry-run'], env);
    expect(recovered.output).to.match(/nothing|has not gone back/i);

    const analysed = await execute(
      servers.databaseUrl,
      'select sum(amount_minor)::int as paid from analysis_order_paid',
    );
    expect(analysed.rows).to.deep.equal([{ paid: 100 }]);

    // All other statements name the partition; Citus reports those that run on several shards.
    const several = await citus.statementsOfSeveralShards();
    const known =
      /^select h\.partition, h\.head|^select min\(e\.partition\)|webhook_id = any \(\$1|analysis_order_|^insert into webhook_checkpoints/;
    expect(several.filter((statement) => !known.test(statement))).to.deep.equal([]);
    expect(several, 'the heads are read from all shards').to.not.have.length(0);
  });

  it('an existing log is distributed with all of its events, and stays append-only', async () => {
    const servers = { databaseUrl: await citus.createDatabase('existing'), redisUrl: serverUrls().redisUrl };
    service = await startLocalService(servers, env);
    const [first] = await placeOrders(service, 40);
    const running = await runOrders(servers, ['migrate', '--citus'], env);
    expect(running.output).to.include('the service is running: stop all of its processes');
    await service.stop();
    service = undefined;
    expect((await runOrders(servers, ['migrate', '--citus'], env)).code).to.equal(0);

    service = await startLocalService(servers, env);
    await placeOrders(service, 40);
    expect((await getHistory(service, first ?? '')).events).to.have.length(1);
    const verified = await runOrders(servers, ['verify'], env);
    expect(verified.stdout, verified.output).to.include('the log is intact: 80 events');

    for (const statement of [
      `update events set type = 'x' where partition = 1`,
      'delete from events',
      'truncate events',
      'delete from partition_heads where partition = 1',
      'update log_settings set partitions = 1',
    ]) {
      const error = await execute(servers.databaseUrl, statement).catch((failed: Error) => failed);
      expect(String(error), statement).to.include('append-only');
    }
    const { rows } = await execute(servers.databaseUrl, 'select table_name::text as name from citus_tables order by 1');
    expect(rows.map(({ name }) => name)).to.have.members([...tablePlacement.distributed, ...tablePlacement.reference]);
  });

  it('an epoch begins in all partitions, whatever server they are on', async () => {
    const servers = { databaseUrl: await citus.createDatabase('epochs'), redisUrl: serverUrls().redisUrl };
    await runOrders(servers, ['migrate', '--citus'], env);
    service = await startLocalService(servers, env);
    await placeOrders(service, 20);
    await service.stop();
    const started = await execute(
      servers.databaseUrl,
      `select start_epoch('0a1b2c3d', 'me', 'a restore', null, false) as epoch`,
    );
    expect(started.rows).to.deep.equal([{ epoch: '2-0a1b2c3d' }]);
    service = await startLocalService(servers, env);
    await placeOrders(service, 20);
    const { rows } = await execute(servers.databaseUrl, 'select distinct epoch from partition_heads');
    expect(rows).to.deep.equal([{ epoch: '2-0a1b2c3d' }]);
    expect((await runOrders(servers, ['verify'], env)).stdout).to.include('the log is intact: 41 events');
  });

  it('while a worker is down, its partitions are 503 and the others work, and the health says so', async () => {
    const servers = { databaseUrl: await citus.createDatabase('worker_down'), redisUrl: serverUrls().redisUrl };
    await runOrders(servers, ['migrate', '--citus'], env);
    service = await startLocalService(servers, env);
    await placeOrders(service, 20);
    const restart = await citus.killWorker();
    const readiness = async () => (await call(service as LocalService, 'GET', '/health/ready')).body;
    try {
      await eventually('the health to name the partitions', async () =>
        /^partitions? .* cannot be reached: the connection to PostgreSQL broke$/.test(
          (await readiness()).checks.event_log ?? '',
        ),
      );
      const { status, checks } = await readiness();
      expect(status).to.equal('degraded');
      const lost = new Set((checks.event_log?.match(/\d+/g) ?? []).map(Number));
      const responses = await Promise.all(
        Array.from({ length: partitions }, (_, partition) =>
          call(service as LocalService, 'POST', '/orders', { ...order, order_id: orderIn(partition) }),
        ),
      );
      for (const [partition, response] of responses.entries()) {
        expect(response.status, `partition ${partition}: ${response.text}`).to.equal(lost.has(partition) ? 503 : 201);
      }
    } finally {
      await restart();
    }
    await eventually('the health to be well', async () => (await readiness()).checks.event_log === 'up', 30_000);
    await placeOrders(service, 20);
  });

  it('a database that cannot be distributed is refused with a sentence', async () => {
    const servers = { databaseUrl: await createDatabase(), redisUrl: serverUrls().redisUrl };
    const refused = await runOrders(servers, ['migrate', '--citus'], env);
    expect(refused.output).to.include('the database has no extension citus');
    expect(refused.code).to.equal(1);
  });
});

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 1 };

async function placeOrders(service: LocalService, count: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const response = await call(service, 'POST', '/orders', order);
      expect(response.status, response.text).to.equal(201);
      return String(response.body.order_id);
    }),
  );
}

function orderIn(partition: number): string {
  for (;;) {
    const id = randomUUID();
    if (orderPartition(id, partitions) === partition) return id;
  }
}
