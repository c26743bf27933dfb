import { expect } from 'chai';
import { createApiKey } from '../../../src/access/api-keys.js';
import { type Scope, scopes } from '../../../src/access/scopes.js';
import type { Operation } from '../../../src/http/contract/operation.js';
import { operations } from '../../../src/http/contract/operations.js';
import { expectContract } from '../../support/contract.js';
import { type LocalService, startLocalService } from '../../support/local-service.js';
import { createTestLog, type TestLog } from '../../support/servers.js';
import { call } from '../../support/service.js';
import { issuerEnv, startIssuer, type TokenIssuer } from '../../support/token-issuer.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('Access control', () => {
  let log: TestLog;
  let service: LocalService;
  let issuer: TokenIssuer;
  before(async () => {
    log = await createTestLog(4);
    issuer = await startIssuer();
    await issuer.addKey('one');
    service = await startLocalService(log, issuerEnv(issuer.url));
  });
  after(async () => {
    await service.stop();
    await log.close();
    issuer.stop();
  });

  const keyFor = async (...its: Scope[]) =>
    (await createApiKey(log.pool, { name: 'test', scopes: its, expiresAt: null })).key;

  describe('for every operation', () => {
    let orderId: string;
    const keys = new Map<Scope, string>();
    before(async () => {
      for (const scope of scopes) keys.set(scope, await keyFor(scope));
      orderId = (await call(service, 'POST', '/orders', order, bearer(keys.get('orders:write')!))).body.order_id;
    });

    for (const [id, operation] of Object.entries<Operation>(operations)) {
      it(`${operation.method.toUpperCase()} ${operation.path} (${id}) is allowed with any one of its scopes, and with no other`, async () => {
        const path = operation.path
          .replace('{order_id}', orderId)
          .replace('{webhook_id}', orderId)
          .replace('{name}', 'nothing')
          .replace(/\{\w+\}/, 'nothing');
        const status = async (headers: Record<string, string>) => {
          const answer = await fetch(service.url + path, { method: operation.method.toUpperCase(), headers });
          const contentType = answer.headers.get('content-type');
          if (contentType?.startsWith('text/event-stream')) await answer.body?.cancel();
          else {
            const exchange = { method: operation.method, path, status: answer.status, contentType };
            expectContract({ ...exchange, text: await answer.text() });
          }
          return answer.status;
        };
        const isAllowed = (one: number) => one !== 401 && one !== 403;
        expect(isAllowed(await status({})), 'without a key').to.equal(operation.access === 'public');
        expect(
          isAllowed(await status(bearer(`ok_${'0'.repeat(12)}_${'x'.repeat(43)}`))),
          'with an unknown key',
        ).to.equal(operation.access === 'public');
        for (const scope of scopes) {
          const expected = operation.access === 'public' || operation.access.includes(scope);
          expect(isAllowed(await status(bearer(keys.get(scope)!))), scope).to.equal(expected);
        }
      });
    }
  });

  it('a request without a valid key or scope gets 401 or 403 with WWW-Authenticate, as in RFC 6750', async () => {
    const nobody = await call(service, 'GET', '/orders');
    expect([nobody.status, nobody.problem.type, nobody.headers.get('www-authenticate')]).to.deep.equal([
      401,
      '/problems/unauthenticated',
      'Bearer',
    ]);
    const lacking = await call(service, 'GET', '/orders', undefined, bearer(await keyFor('metrics:read')));
    expect([lacking.status, lacking.problem.type, lacking.problem.required_scopes]).to.deep.equal([
      403,
      '/problems/insufficient-scope',
      ['orders:read', 'orders:read:own'],
    ]);
    expect(lacking.headers.get('www-authenticate')).to.match(/error="insufficient_scope" scope="orders:read /);
    for (const authorization of ['Basic dTpw', 'Bearer', 'Bearer a b', `Bearer ${'x'.repeat(9_000)}`]) {
      expect((await call(service, 'GET', '/orders', undefined, { authorization })).status).to.equal(401);
    }
  });

  it('orders:read:own shows the caller’s own orders, and other orders look as if they did not exist', async () => {
    const writer = bearer(await keyFor('orders:write', 'orders:read'));
    const place = async (user_id: string) => {
      const answer = await call(service, 'POST', '/orders', { ...order, user_id }, { ...writer, prefer: 'wait=5' });
      return answer.body.order_id;
    };
    const [mine, theirs] = [await place('ada'), await place('bob')];
    const own = bearer(await issuer.sign({ sub: 'ada', scope: 'orders:read:own' }));
    const get = <Path extends string>(path: Path) => call(service, 'GET', path, undefined, own);
    const listed = (await get('/orders')).body.orders;
    expect(listed.map(({ user_id }) => user_id)).to.deep.equal(['ada']);
    expect((await get('/orders?user_id=ada')).body.orders).to.have.length(1);
    expect((await get('/orders?user_id=bob')).status).to.equal(403);
    expect((await get('/orders/stream?user_id=bob')).status).to.equal(403);
    // Their cursors show how far the whole log has come.
    for (const path of ['/orders?sort=updated', '/orders?updated_since=2026-01-01T00:00:00Z'] as const) {
      const refused = await get(path);
      expect([refused.status, refused.problem.required_scopes], path).to.deep.equal([403, ['orders:read']]);
    }
    for (const path of ['', '?version=1', '/history', '/history?diff=true', '/history?proof=true']) {
      expect((await get(`/orders/${mine}${path}`)).status, path).to.be.oneOf([200, 501]);
      const hidden = await get(`/orders/${theirs}${path}`);
      expect([hidden.status, hidden.problem.type], path).to.deep.equal([404, '/problems/order-not-found']);
    }
  });

  it('occurred_at requires orders:import, in a single command and in a batch', async () => {
    const then = { ...order, occurred_at: '2020-01-01T00:00:00Z' };
    const writer = bearer(await keyFor('orders:write'));
    const refused = await call(service, 'POST', '/orders', then, writer);
    expect([refused.status, refused.problem.required_scopes]).to.deep.equal([403, ['orders:import']]);
    const lines = `${JSON.stringify({ command: 'place', ...then })}\n${JSON.stringify({ command: 'place', ...order })}\n`;
    const batch = async (headers: Record<string, string>) =>
      (await call(service, 'POST', '/orders/batch', lines, { ...headers, 'content-type': 'application/x-ndjson' })).text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).status);
    expect(await batch(writer)).to.deep.equal([403, 201]);
    const importer = bearer(await keyFor('orders:write', 'orders:import'));
    expect((await call(service, 'POST', '/orders', then, importer)).body.placed_at).to.equal(
      '2020-01-01T00:00:00.000Z',
    );
    expect(await batch(importer)).to.deep.equal([201, 201]);
  });
});
