import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { type LocalService, refusalOf, startLocalService } from '../support/local-service.js';
import { runOrders } from '../support/orders-command.js';
import { hasPgBouncer, type PgBouncer, startPgBouncer } from '../support/pgbouncer.js';
import { asAdmin, createDatabase, eventually, serverUrls } from '../support/servers.js';
import { call } from '../support/service.js';

describe('behind PgBouncer (skipped where the Debian package pgbouncer is not installed)', () => {
  const role = `pooled_${randomUUID().slice(0, 8)}`;
  let databaseUrl: string;
  /** The URL with which the service logs in as its own role. */
  let asRole: string;
  const running: { stop(): Promise<unknown> }[] = [];
  before(async function () {
    if (!hasPgBouncer()) {
      this.skip();
    }
    databaseUrl = await createDatabase();
    await asAdmin(`create role ${role} login password 'x'`);
    asRole = Object.assign(new URL(databaseUrl), { username: role, password: 'x' }).href;
  });
  afterEach(async () => {
    for (const one of running.splice(0).reverse()) await one.stop();
  });

  it('in transaction mode, two processes work on three sessions of PostgreSQL', async () => {
    const bouncer = await pooled(['pool_mode = transaction', 'default_pool_size = 3']);
    const env = {
      DATABASE_DIRECT_URL: databaseUrl,
      ORDERS_DB_ROLE: role,
      ORDERS_PARTITIONS: '4',
      LOG_LEVEL: 'error',
    };
    const servers = { databaseUrl: bouncer.url(asRole), redisUrl: serverUrls().redisUrl };
    const services: LocalService[] = [];
    for (let nth = 0; nth < 2; nth += 1) {
      const service = await startLocalService(servers, env);
      running.push(service);
      services.push(service);
    }
    await placeAndReadBack(services);
    for (const service of services) expect(service.output()).to.not.match(/error/i);
    // The command line too, which connects and migrates by itself.
    const verified = await runOrders(servers, ['verify'], env);
    expect(verified.output, verified.output).to.match(/40|intact/);
    expect(verified.code).to.equal(0);
  });

  it('in transaction mode without DATABASE_DIRECT_URL, the start ends with one sentence', async () => {
    const bouncer = await pooled(['pool_mode = transaction', 'ignore_startup_parameters = options']);
    const message = await refusal(bouncer.url(databaseUrl), {});
    expect(message).to.match(/pooler in transaction mode: set DATABASE_DIRECT_URL/);
  });

  it('in transaction mode with a login that is not the role, the start ends with one sentence', async () => {
    const bouncer = await pooled(['pool_mode = transaction']);
    const message = await refusal(bouncer.url(databaseUrl), { DATABASE_DIRECT_URL: databaseUrl });
    expect(message).to.match(/needs the login \w+\. As a superuser: alter role \w+ login password/);
  });

  it('in session mode, nothing else is needed', async () => {
    const bouncer = await pooled(['pool_mode = session', 'default_pool_size = 40']);
    const service = await startLocalService(
      { databaseUrl: bouncer.url(databaseUrl), redisUrl: serverUrls().redisUrl },
      { ORDERS_DB_ROLE: role, ORDERS_PARTITIONS: '4', LOG_LEVEL: 'error' },
    );
    running.push(service);
    await placeAndReadBack([service]);
  });

  async function pooled(settings: readonly string[]): Promise<PgBouncer> {
    const bouncer = await startPgBouncer(databaseUrl, { [role]: 'x' }, settings);
    running.push(bouncer);
    return bouncer;
  }

  function refusal(url: string, env: Record<string, string>): Promise<string> {
    return refusalOf({ databaseUrl: url, redisUrl: serverUrls().redisUrl }, { ORDERS_DB_ROLE: role, ...env });
  }

  /** Places orders at once, and reads each back from the other process. */
  async function placeAndReadBack(services: readonly LocalService[]): Promise<void> {
    const at = (nth: number) => services[nth % services.length] ?? { url: '' };
    const placed = await Promise.all(
      Array.from({ length: 40 }, async (_, nth) => {
        const response = await call(at(nth), 'POST', '/orders', {
          user_id: `u-${nth}`,
          item_ids: ['a'],
          total_amount: 1,
        });
        expect(response.status, response.text).to.equal(201);
        return { nth, id: response.body.order_id, position: response.headers.get('event-position') ?? '' };
      }),
    );
    for (const { nth, id, position } of placed) {
      const read = await call(at(nth + 1), 'GET', `/orders/${id}`, undefined, { 'min-event-position': position });
      expect(read.body).to.deep.include({ order_id: id, user_id: `u-${nth}` });
      const paid = await call(at(nth + 1), 'POST', `/orders/${id}/pay`, {}, { prefer: 'respond-async' });
      expect(paid.status, paid.text).to.equal(200);
    }
    for (const service of services) {
      const ready = await eventually('readiness', async () => {
        const { body } = await call(service, 'GET', '/health/ready');
        return body.status === 'ready' ? body : undefined;
      });
      expect(ready.checks).to.deep.include({ notifications: 'up' });
    }
  }
});
