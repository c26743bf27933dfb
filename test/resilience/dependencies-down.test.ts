import { rm } from 'node:fs/promises';
import { expect } from 'chai';
import pg from 'pg';
import { createApiKey } from '../../src/access/api-keys.js';
import { scopes } from '../../src/access/scopes.js';
import { startPostgres } from '../../src/embedded/postgres.js';
import { startRedis } from '../../src/embedded/redis.js';
import { createDataDir } from '../support/data-dir.js';
import { eventually } from '../support/servers.js';
import { call as callService, type RunningService, startService } from '../support/service.js';

describe('a dependency that is away', () => {
  let folder: string;
  before(async () => {
    folder = await createDataDir('away');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('commands work while Redis is down, and queries work while PostgreSQL is down', async () => {
    const [postgres, redis] = await Promise.all([
      startPostgres(folder, () => undefined),
      startRedis(folder, () => undefined),
    ]);
    // With API keys and a rate limit, which use PostgreSQL and Redis too.
    const env = { LOG_LEVEL: 'silent', ORDERS_AUTH: 'required', ORDERS_RATE_LIMIT_PER_MINUTE: '100000' };
    const service = await startService({ databaseUrl: postgres.url, redisUrl: redis.url }, env);
    const owner = new pg.Pool({ connectionString: postgres.url });
    owner.on('error', () => undefined);
    const { key } = await createApiKey(owner, { name: 'test', scopes: [...scopes], expiresAt: null });
    await owner.end();
    const authorization = `Bearer ${key}`;
    const call = <Method extends string, Path extends string>(
      one: RunningService,
      method: Method,
      path: Path,
      body?: unknown,
      headers = {},
    ) => callService(one, method, path, body, { authorization, ...headers });
    try {
      await call(service, 'POST', '/orders', order);
      redis.child.process.kill('SIGSTOP');
      const down = await call(service, 'GET', '/health/ready');
      expect(down.status).to.equal(503);
      expect(down.body.checks).to.deep.include({ read_models: 'down', event_log: 'up' });
      const answer = await call(service, 'POST', '/orders', order, { prefer: 'respond-async' });
      expect(answer.status).to.equal(201);
      const query = await call(service, 'GET', `/orders/${answer.body.order_id}`);
      expect(query.status).to.equal(503);
      expect(query.problem.type).to.equal('/problems/read-models-unavailable');
      expect(query.headers.get('retry-after')).to.match(/^\d+$/);
      redis.child.process.kill('SIGCONT');
      await eventually(
        'the order to be readable',
        async () => (await call(service, 'GET', `/orders/${answer.body.order_id}`)).status === 200,
        30_000,
      );
      await eventually('readiness', async () => (await call(service, 'GET', '/health/ready')).status === 200);

      // If one backend of PostgreSQL dies, the server ends all sessions and recovers. The service
      // must reconnect by itself.
      const acknowledged = await call(service, 'POST', '/orders', order);
      const { rows } = await backends(postgres.url);
      const witness = await openWitness(postgres.url);
      process.kill(rows[0]!.pid, 'SIGKILL');
      await witness.ended;
      await eventually(
        'commands to be accepted again',
        async () => (await call(service, 'POST', '/orders', order)).status === 201,
        30_000,
      );
      await eventually(
        'readiness',
        async () => (await call(service, 'GET', '/health/ready')).body.status === 'ready',
        30_000,
      );
      const last = await call(service, 'POST', '/orders', order, { prefer: 'wait=10' });
      for (const { body } of [acknowledged, last])
        expect((await call(service, 'GET', `/orders/${body.order_id}`)).status).to.equal(200);

      await postgres.stop();
      const down2 = await eventually('the health to say so', async () => {
        const { checks } = (await call(service, 'GET', '/health/ready')).body;
        return checks.event_log === 'up' ? undefined : checks;
      });
      expect(down2).to.deep.include({ read_models: 'up', event_log: 'down' });
      const refused = await call(service, 'POST', '/orders', order);
      expect(refused.status).to.equal(503);
      expect(refused.problem.type).to.equal('/problems/event-log-unavailable');
      expect((await call(service, 'GET', '/orders/metrics')).status).to.equal(200);
    } finally {
      service.kill('SIGKILL');
      await Promise.all([redis.stop(), postgres.stop()]);
    }
  });

  const order = { user_id: 'u', item_ids: ['a'], total_amount: 1 };
  /** Opens a session. The result's `ended` resolves when the server has ended it. */
  async function openWitness(url: string): Promise<{ readonly ended: Promise<void> }> {
    const witness = new pg.Client({ connectionString: url });
    witness.on('error', () => undefined);
    const ended = new Promise<void>((resolve) => witness.once('end', () => resolve()));
    await witness.connect();
    return { ended };
  }
  async function backends(url: string) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const result = await client.query<{ pid: number }>(
      `select pid from pg_stat_activity where application_name = 'orders' and datname = current_database()`,
    );
    await client.end();
    return result;
  }
});
