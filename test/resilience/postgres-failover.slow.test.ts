import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import pg from 'pg';
import { createDataDir } from '../support/data-dir.js';
import { type DebianPostgres, debianPostgres, startPrimary, startStandby } from '../support/debian-postgres.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { eventually, serverUrls } from '../support/servers.js';
import { call } from '../support/service.js';

/** Time after the promotion within which commands have to succeed again. */
const backWithinMs = 10_000;

describe('a failover of PostgreSQL (skipped where the Debian package postgresql is not installed)', () => {
  let folder: string;
  let primary: DebianPostgres;
  let standby: DebianPostgres;
  let service: LocalService;
  before(async function () {
    const bin = await debianPostgres();
    if (bin === undefined) this.skip();
    else {
      folder = await createDataDir('failover');
      primary = await startPrimary(bin, join(folder, 'primary'));
      await query(primary, 'postgres', 'create database orders');
      standby = await startStandby(bin, join(folder, 'standby'), primary);
      await query(primary, 'postgres', `alter system set synchronous_standby_names = 'standby'`);
      await query(primary, 'postgres', 'select pg_reload_conf()');
      await eventually('the synchronous standby', async () => {
        const { rows } = await query(primary, 'postgres', 'select sync_state from pg_stat_replication');
        return rows[0]?.sync_state === 'sync';
      });
      // The standby comes first: the service has to find the primary.
      const hosts = `${standby.host},${primary.host}`;
      const databaseUrl = `postgresql://postgres@${hosts}/orders?target_session_attrs=read-write`;
      const env = { ORDERS_PARTITIONS: '4', LOG_LEVEL: 'error' };
      service = await startLocalService({ databaseUrl, redisUrl: serverUrls().redisUrl }, env);
    }
  });
  after(async () => {
    await service?.stop();
    for (const server of [primary, standby]) await server?.child.stop('SIGQUIT');
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const query = async ({ url }: DebianPostgres, database: string, sql: string) => {
    const client = new pg.Client({ connectionString: url(database) });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await client.query(sql);
    } finally {
      await client.end();
    }
  };
  const order = { user_id: 'u', item_ids: ['a'], total_amount: 10 };

  it('to a synchronous standby loses nothing that was acknowledged, and the service is back by itself', async () => {
    const acknowledged: string[] = [];
    let isOver = false;
    let lastMs = 0;
    const placing = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const placed = await call(service, 'POST', '/orders', order).catch(() => undefined);
        if (placed?.status !== 201) continue;
        acknowledged.push(placed.body.order_id);
        lastMs = performance.now();
      }
    });
    await eventually('orders before the failover', () => acknowledged.length > 50);

    primary.child.process.kill('SIGKILL');
    await primary.child.ended;
    const before = acknowledged.length;
    await query(standby, 'postgres', 'select pg_promote()');
    const promotedMs = performance.now();
    await eventually(
      'commands to succeed again',
      () => lastMs > promotedMs && acknowledged.length > before + 10,
      30_000,
    );
    const backMs = performance.now() - promotedMs;
    await eventually('all roles to work', async () => {
      const { body } = await call(service, 'GET', '/health/ready');
      return body.status === 'ready';
    });
    isOver = true;
    await Promise.all(placing);
    expect(backMs).to.be.lessThan(backWithinMs);

    const { rows } = await query(standby, 'orders', 'select order_id from events');
    const stored = new Set(rows.map(({ order_id }) => order_id));
    expect(acknowledged.filter((orderId) => !stored.has(orderId))).to.deep.equal([]);
    const last = await call(service, 'POST', '/orders', order, { prefer: 'wait=10' });
    expect((await call(service, 'GET', `/orders/${last.body.order_id}`)).status).to.equal(200);
    expect((await call(service, 'GET', `/orders/${acknowledged[0]}`)).status).to.equal(200);
  });
});
