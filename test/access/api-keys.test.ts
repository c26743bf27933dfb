import { expect } from 'chai';
import { createApiKey, revokeApiKey } from '../../src/access/api-keys.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { runOrders } from '../support/orders-command.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call, getHistory } from '../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('API keys', () => {
  let log: TestLog;
  let service: LocalService;
  before(async () => {
    log = await createTestLog(4);
    service = await startLocalService(log, { ORDERS_AUTH: 'required' });
  });
  after(async () => {
    await service.stop();
    await log.close();
  });

  it('an API key’s subject is the actor, and keys of one subject share their idempotency keys', async () => {
    const make = (subject: string) =>
      createApiKey(log.pool, { name: subject, subject, scopes: ['orders:write', 'orders:read'], expiresAt: null });
    const [first, successor, other] = [await make('shop'), await make('shop'), await make('another shop')];
    const place = (key: string, body: object = order) =>
      call(service, 'POST', '/orders', body, { ...bearer(key), 'idempotency-key': 'same', 'x-request-id': 'r-1' });
    const placed = await place(first.key);
    const again = await place(successor.key);
    expect([again.headers.get('idempotency-replayed'), again.body]).to.deep.equal(['true', placed.body]);
    const others = await place(other.key, { ...order, total_amount: 11 });
    expect([others.status, others.body.order_id === placed.body.order_id]).to.deep.equal([201, false]);
    expect((await place(first.key, { ...order, total_amount: 11 })).status).to.equal(422);
    const { events } = await getHistory(service, placed.body.order_id, '', bearer(first.key));
    expect(events[0]).to.include({ actor: 'shop', request_id: 'r-1' });
  });

  it('an API key is rejected by all processes within a second of its revocation, and after its expiry', async () => {
    const second = await startLocalService(log, { ORDERS_AUTH: 'required' });
    const { id, key } = await createApiKey(log.pool, { name: 'test', scopes: ['orders:read'], expiresAt: null });
    for (const one of [service, second])
      expect((await call(one, 'GET', '/orders', undefined, bearer(key))).status, 'a new key').to.equal(200);
    expect(await revokeApiKey(log.pool, id)).to.equal(true);
    for (const one of [service, second])
      await eventually(
        'the key to be rejected',
        async () => (await call(one, 'GET', '/orders', undefined, bearer(key))).status === 401,
        1_000,
      );
    await second.stop();

    const soon = new Date(Date.now() + 700).toISOString();
    const short = await createApiKey(log.pool, { name: 'test', scopes: ['orders:read'], expiresAt: soon });
    expect((await call(service, 'GET', '/orders', undefined, bearer(short.key))).status).to.equal(200);
    await eventually(
      'the key to expire',
      async () => (await call(service, 'GET', '/orders', undefined, bearer(short.key))).status === 401,
      3_000,
    );
  });

  it('orders keys creates no key for a subject that is one of the service’s own actors', async () => {
    for (const subject of ['[erased]', 'person:1']) {
      const made = await runOrders(log, [
        'keys',
        'create',
        '--name',
        'x',
        '--scopes',
        'orders:read',
        '--subject',
        subject,
      ]);
      expect([made.code, made.stdout, made.output.includes('belongs to the service')]).to.deep.equal([1, '', true]);
    }
  });

  it('orders keys creates, lists and revokes API keys, and no key is stored', async () => {
    const made = await runOrders(log, [
      'keys',
      'create',
      '--name',
      'Web shop',
      '--scopes',
      'orders:read',
      '--subject',
      'web',
    ]);
    const key = made.stdout.trim();
    expect(key, made.output).to.match(/^ok_[0-9a-z]{12}_[\w-]{43}$/);
    expect((await call(service, 'GET', '/orders', undefined, bearer(key))).status).to.equal(200);
    const listed = (await runOrders(log, ['keys', 'list'])).stdout;
    expect(listed).to.match(/Web shop +web +orders:read/);
    expect(listed).not.to.include(key);
    const narrow = (await runOrders(log, ['keys', 'list'], {}, undefined, 60)).stdout;
    expect(narrow, 'the part of a key that revokes it').to.include(`\nok_${key.split('_')[1]}_…  `);
    expect(listed, 'a plain time').to.match(/orders:read +\d{4}-\d\d-\d\dT\S+ +operator:\S+ +does not expire/);
    const { rows } = await log.owner.query('select * from api_keys');
    expect(JSON.stringify(rows)).not.to.include(key.slice(-43));
    const revoked = await runOrders(log, ['keys', 'revoke', key.split('_')[1]!, '--yes']);
    expect([revoked.code, revoked.stdout]).to.satisfy(
      () => revoked.code === 0 && /^revoked/.test(revoked.stdout),
      revoked.output,
    );
    const scopes = ['--scopes', 'orders:read'];
    const created = await runOrders(log, ['keys', 'create', '--name', 'x', ...scopes, '--json']);
    const { key_id: id } = JSON.parse(created.stdout);
    const gone = await runOrders(log, ['keys', 'revoke', id, '--yes', '--json']);
    expect(JSON.parse(gone.stdout)).to.deep.equal({ key_id: id, revoked: true });
    const all = JSON.parse((await runOrders(log, ['keys', 'list', '--json'])).stdout) as Record<string, unknown>[];
    const names = ['created_at', 'created_by', 'expires_at', 'key_id', 'name', 'revoked_at', 'scopes', 'subject'];
    for (const one of all) expect(Object.keys(one).sort(), 'names as those of GET /keys').to.deep.equal(names);
    for (const wrong of [
      ['keys', 'revoke', id, '--created-by', id],
      ['keys', 'revoke', '--created-by', 'nobody'],
      ['keys'],
      ['keys', 'create', '--name', 'x', '--scopes', 'everything'],
      ['keys', 'revoke', 'nobody'],
    ])
      expect((await runOrders(log, wrong)).code).to.equal(2);
  });
});
