import { expect } from 'chai';
import { createApiKey, revokeApiKey } from '../../../../src/access/api-keys.js';
import { type LocalService, startLocalService } from '../../../support/local-service.js';
import { runOrders } from '../../../support/orders-command.js';
import { createTestLog, eventually, type TestLog } from '../../../support/servers.js';
import { call } from '../../../support/service.js';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('/keys', () => {
  let log: TestLog;
  let service: LocalService;
  let admin: Record<string, string>;
  let rootId: string;
  before(async () => {
    log = await createTestLog(4);
    service = await startLocalService(log, { ORDERS_AUTH: 'required' });
    const scopes = ['admin', 'orders:read'] as const;
    const root = await createApiKey(log.pool, { name: 'root', scopes, expiresAt: null });
    admin = bearer(root.key);
    rootId = root.id;
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

  it('a key shows its creator, and all keys that a stolen key has created can be revoked at once', async () => {
    const createAs = async (key: string, body: object) => call(service, 'POST', '/keys', body, bearer(key));
    const stolen = (await create({ name: 'stolen', subject: 'ops', scopes: ['admin'] })).body;
    const child = (await createAs(stolen.key, { name: 'child', scopes: ['admin'] })).body;
    const grandchild = (await createAs(child.key, { name: 'grandchild', scopes: ['admin'] })).body;
    const other = (await create({ name: 'other', subject: 'ops', scopes: ['admin'] })).body;
    const creators = [stolen, child, grandchild, other].map(({ created_by }) => created_by);
    expect(creators).to.deep.equal([`key:${rootId}`, `key:${stolen.key_id}`, `key:${child.key_id}`, `key:${rootId}`]);

    const asked = await runOrders(log, ['keys', 'revoke', '--created-by', stolen.key_id]);
    expect([asked.code, asked.output]).to.satisfy(() => asked.code === 2 && /grandchild/.test(asked.output));
    const done = await runOrders(log, ['keys', 'revoke', '--created-by', stolen.key_id, '--yes', '--json']);
    const ids = [stolen, child, grandchild].map(({ key_id }) => key_id);
    const { created_by, revoked } = JSON.parse(done.stdout);
    expect([created_by, [...revoked].sort()]).to.deep.equal([stolen.key_id, [...ids].sort()]);
    const active = (await keys()).filter(({ revoked_at }) => revoked_at === null).map(({ key_id }) => key_id);
    expect(active).to.include.members([rootId, other.key_id]);
    expect(active).not.to.include.members(ids);
  });

  it('a revoked key creates no key, even in a process that has not noticed its revocation', async () => {
    const creator = await createApiKey(log.pool, { name: 'n', scopes: ['admin'], expiresAt: null });
    await revokeApiKey(log.pool, creator.id);
    const creating = createApiKey(log.pool, {
      name: 'late',
      scopes: ['admin'],
      expiresAt: null,
      createdBy: `key:${creator.id}`,
    });
    expect(await creating.catch((error: Error) => error.name)).to.equal('CreatorRevoked');
    expect((await keys()).map(({ name }) => name)).not.to.include('late');
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
