import { expect } from 'chai';
import { SignJWT } from 'jose';
import { createApiKey } from '../../src/access/api-keys.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';
import { issuerEnv, startIssuer, type TokenIssuer } from '../support/token-issuer.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('JSON Web Tokens', function () {
  this.timeout(60_000);
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

  it('a token’s subject is the actor, and its scopes apply', async () => {
    const token = await issuer.sign({ sub: 'clerk-7', scope: 'orders:write unknown:scope' });
    const { body, status } = await call(service, 'POST', '/orders', order, bearer(token));
    expect(status).to.equal(201);
    const { rows } = await log.owner.query(`select metadata->>'actor' as actor from events where order_id = $1`, [
      body.order_id,
    ]);
    expect(rows[0].actor).to.equal('clerk-7');
    expect((await call(service, 'GET', '/orders', undefined, bearer(token))).status).to.equal(403);
  });

  it('a token with a wrong issuer, audience, time, algorithm, key or signature gets 401', async () => {
    await issuer.addKey('rsa', 'RS512');
    const good = await issuer.sign({ scope: 'orders:read' });
    const [head, body, signature = ''] = good.split('.');
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { sub: 'u-1', iss: 'https://issuer.example', aud: 'orders', exp: 4e9, scope: 'orders:read' };
    const hmac = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .sign(new TextEncoder().encode('the public key, as a secret: 32 bytes and more'));
    const invalid: Record<string, string> = {
      'another issuer': await issuer.sign({ iss: 'https://evil.example', scope: 'orders:read' }),
      'another audience': await issuer.sign({ aud: 'payroll', scope: 'orders:read' }),
      expired: await issuer.sign({ scope: 'orders:read' }, 'one', 'ES256', { expires: '-1m' }),
      'an algorithm that is not allowed': await issuer.sign({ scope: 'orders:read' }, 'rsa', 'RS512'),
      'a symmetric algorithm': hmac,
      'no algorithm': `${encode({ alg: 'none' })}.${encode(claims)}.`,
      'another signature': [head, body, signature.slice(0, -4) + (signature.endsWith('AAAA') ? 'BBBB' : 'AAAA')].join(
        '.',
      ),
      'other claims': [head, encode({ ...claims, scope: 'admin' }), signature].join('.'),
      'no subject': await issuer.sign({ sub: '', scope: 'orders:read' }),
      nonsense: 'abc',
    };
    expect((await call(service, 'GET', '/orders', undefined, bearer(good))).status).to.equal(200);
    for (const [what, token] of Object.entries(invalid)) {
      const { status, problem } = await call(service, 'GET', '/orders', undefined, bearer(token));
      expect([status, problem.type], what).to.deep.equal([401, '/problems/unauthenticated']);
      expect(problem.detail, what).not.to.include(token);
    }
  });

  it('a token that is signed with a new key is accepted once the issuer publishes the key', async () => {
    await issuer.addKey('two');
    const token = await issuer.sign({ scope: 'orders:read' }, 'two');
    await eventually(
      'the new key to be fetched',
      async () => (await call(service, 'GET', '/orders', undefined, bearer(token))).status === 200,
    );
  });

  it('a token gets 503 while the issuer is unavailable, and API keys still work', async () => {
    const { key } = await createApiKey(log.pool, { name: 'test', scopes: ['orders:read'], expiresAt: null });
    issuer.down(true);
    const fresh = await startLocalService(log, issuerEnv(issuer.url));
    const token = await issuer.sign({ scope: 'orders:read' });
    const { status, problem, headers } = await call(fresh, 'GET', '/orders', undefined, bearer(token));
    expect([status, problem.type, headers.has('retry-after')]).to.deep.equal([
      503,
      '/problems/token-issuer-unavailable',
      true,
    ]);
    expect((await call(fresh, 'GET', '/orders', undefined, bearer(key))).status).to.equal(200);
    issuer.down(false);
    await fresh.stop();
  });
});
