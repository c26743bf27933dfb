import { expect } from 'chai';
import { SignJWT } from 'jose';
import { createApiKey } from '../../src/access/api-keys.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';
import { issuerEnv, startIssuer, type TokenIssuer } from '../support/token-issuer.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('JSON Web Tokens', () => {
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

  const keyForMetrics = async () =>
    (await createApiKey(log.pool, { name: 'test', scopes: ['metrics:read'], expiresAt: null })).key;

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

  it('a token that never expires is accepted, and its expiry is shown as the last time there is', async () => {
    const token = await issuer.sign({ scope: 'orders:read' }, 'one', 'ES256', { expires: 1e300 });
    const { body } = await call(service, 'GET', '/access/caller', undefined, bearer(token));
    expect(body.expires_at).to.equal('9999-12-31T23:59:59.999Z');
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
      'a subject with a lone surrogate': await issuer.sign({ sub: 'a\ud800', scope: 'orders:read' }),
      'a subject with a NUL': await issuer.sign({ sub: 'a\0', scope: 'orders:read' }),
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

  it('a token without a key id is verified with each key that fits, and Ed25519 has two names', async () => {
    await issuer.addKey('three');
    await issuer.addKey('edwards', 'Ed25519');
    await issuer.addKey('edwards-old', 'EdDSA');
    const status = async (kid: string, alg: string) => {
      const token = await issuer.sign({ scope: 'orders:read' }, kid, alg, { noKeyId: true });
      return (await call(service, 'GET', '/orders', undefined, bearer(token))).status;
    };
    await eventually('the new keys to be fetched', async () => (await status('edwards', 'Ed25519')) === 200);
    expect(await status('edwards-old', 'EdDSA')).to.equal(200);
    expect(await status('three', 'ES256')).to.equal(200);
    expect(await status('one', 'ES256')).to.equal(200);
    issuer.withdraw('three');
  });

  it('a token’s claims are read as configured, and a subject that is one of the service’s own actors is prefixed', async () => {
    const configured = await startLocalService(log, {
      ...issuerEnv(issuer.url),
      ORDERS_JWT_AUDIENCE: 'client-1, client-2',
      ORDERS_JWT_AUDIENCE_CLAIM: 'client_id',
      ORDERS_JWT_SUBJECT_CLAIM: 'username',
      ORDERS_JWT_SCOPE_CLAIMS: 'scope,groups',
      ORDERS_JWT_SCOPE_PREFIX: 'orders-api/',
      ORDERS_JWT_SCOPE_MAP: 'clerks=orders:write orders:read',
    });
    const place = async (claims: Record<string, unknown>) =>
      call(configured, 'POST', '/orders', order, bearer(await issuer.sign(claims)));
    const claims = { client_id: 'client-2', username: 'import', scope: 'orders-api/orders:write' };
    const placed = await place(claims);
    expect(placed.status).to.equal(201);
    const { rows } = await log.owner.query(`select metadata->>'actor' as actor from events where order_id = $1`, [
      placed.body.order_id,
    ]);
    expect(rows[0].actor).to.equal('token:import');
    expect((await place({ ...claims, scope: 'orders:write', groups: ['clerks'] })).status).to.equal(201);
    expect((await place({ ...claims, scope: 'orders:write' })).status).to.equal(403);
    for (const wrong of [{ client_id: 'client-3' }, { client_id: undefined }, { username: undefined }]) {
      expect((await place({ ...claims, ...wrong })).status).to.equal(401);
    }
    await configured.stop();
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
    expect(problem.detail).to.equal('The keys of the token issuer could not be read.');
    expect((await call(fresh, 'GET', '/orders', undefined, bearer(key))).status).to.equal(200);
    const health = await call(fresh, 'GET', '/health/ready');
    expect([health.body.status, health.body.checks.token_issuer]).to.deep.equal([
      'degraded',
      'down: its keys are unknown',
    ]);
    const metrics = await call(fresh, 'GET', '/metrics', undefined, bearer(await keyForMetrics()));
    expect(metrics.text).to.match(/^orders_token_issuer_down 1$/m);
    issuer.down(false);
    await fresh.stop();
  });
});
