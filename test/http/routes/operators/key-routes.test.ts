import { expect } from 'chai';
import { createApiKey } from '../../../../src/access/api-keys.js';
import { type LocalService, startLocalService } from '../../../support/local-service.js';
import { createTestLog, eventually, type TestLog } from '../../../support/servers.js';
import { call } from '../../../support/service.js';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('/keys', () => {
  let log: TestLog;
  let service: LocalService;
  let admin: Record<string, string>;
  before(async () => {
    log = await createTestLog(4);
    service = await startLocalService(log, { ORDERS_AUTH: 'required' });
    const scopes = ['admin', 'orders:read'] as const;
    admin = bearer((await createApiKey(log.pool, { name: 'root', scopes, expiresAt: null })).key);
  });
  after(async () => {
    await service.stop();
    await log.close();
  });
  const keys = async () => (await call(service, 'GET', '/keys', undefined, admin)).body.keys;
  const create = (body: object) => call(service, 'POST', '/keys', body, admin);

  it('a created key works at once, is shown once, and stops working when it is revoked', async () => {
    const made = await create({ name: 'Web shop', subject: 'shop', scopes: ['orders:read'] });
    expect([made.status, made.headers.get('cache-control')]).to.deep.equal([201, 'no-store']);
    const { key, key_id: id } = made.body;
    expect(key).to.match(new RegExp(`^ok_${id}_[\\w-]{43}$`));
    expect((await call(service, 'GET', '/orders', undefined, bearer(key))).status).to.equal(200);
    const listed = (await keys()).find(({ key_id }) => key_id === id);
    expect(listed).to.include({ name: 'Web shop', subject: 'shop', expires_at: null, revoked_at: null });
    expect(JSON.stringify(await keys())).not.to.include(key);

    expect((await call(service, 'DELETE', `/keys/${id}`, undefined, admin)).status).to.equal(204);
    await eventually(
      'the key to be rejected',
      async () => (await call(service, 'GET', '/orders', undefined, bearer(key))).status === 401,
    );
    expect((await keys()).find(({ key_id }) => key_id === id)?.revoked_at).to.be.a('string');
    const again = await call(service, 'DELETE', `/keys/${id}`, undefined, admin);
    expect([again.status, again.problem.type]).to.deep.equal([404, '/problems/key-not-found']);
  });

  it('a caller gives no scope that it does not have itself', async () => {
    const { status, problem } = await create({ name: 'too much', scopes: ['orders:read', 'orders:write'] });
    expect([status, problem.required_scopes]).to.deep.equal([403, ['orders:write']]);
    expect((await keys()).map(({ name }) => name)).not.to.include('too much');
  });

  it('no key acts under the name of one of the service’s own actors', async () => {
    for (const subject of ['import', 'operator:ada', 'key:123', 'person:x']) {
      const { status, problem } = await create({ name: 'n', subject, scopes: ['admin'] });
      expect([status, problem.errors?.[0]?.pointer], subject).to.deep.equal([422, '/subject']);
    }
  });

  it('a key that would have expired already is refused', async () => {
    const { status, problem } = await create({ name: 'n', scopes: ['admin'], expires_at: '2020-01-01T00:00:00Z' });
    expect([status, problem.errors?.[0]?.pointer]).to.deep.equal([422, '/expires_at']);
  });

  it('the list shows when a key was last used, once its process has written it', async () => {
    const { key, key_id: id } = (await create({ name: 'used', scopes: ['admin'] })).body;
    const unused = (await create({ name: 'unused', scopes: ['admin'] })).body.key_id;
    const usedAt = Date.now();
    await useElsewhere(log, key);
    const used = (await keys()).find(({ key_id }) => key_id === id)?.last_used_at ?? '';
    expect(Date.parse(used)).to.be.greaterThan(usedAt - 60_000);
    expect((await keys()).find(({ key_id }) => key_id === unused)?.last_used_at).to.equal(null);
  });
});

/** Uses a key at another process of the service, which writes that when it stops. */
async function useElsewhere(log: TestLog, key: string): Promise<void> {
  const other = await startLocalService(log, { ORDERS_AUTH: 'required' });
  expect((await call(other, 'GET', '/access/caller', undefined, bearer(key))).status).to.equal(200);
  await other.stop();
}
