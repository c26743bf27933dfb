import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { createApiKey, revokeApiKey } from '../../../src/access/api-keys.js';
import { type Scope, scopes } from '../../../src/access/scopes.js';
import type { Operation } from '../../../src/http/contract/operation.js';
import { operations } from '../../../src/http/contract/operations.js';
import { expectContract } from '../../support/contract.js';
import { runOrders } from '../../support/orders-command.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';
import { call, type RunningService, startService } from '../../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** An issuer of tokens with a JWKS endpoint; its keys can be changed and its answers switched off. */
async function startIssuer() {
  const keys = new Map<string, { jwk: JWK; privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'] }>();
  const published = new Set<string>();
  let isDown = false;
  const server: Server = createServer((_, response) => {
    if (isDown) response.writeHead(500).end();
    else response.end(JSON.stringify({ keys: [...published].map((kid) => keys.get(kid)?.jwk) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    async addKey(kid: string, alg = 'ES256') {
      const { publicKey, privateKey } = await generateKeyPair(alg);
      keys.set(kid, { jwk: { ...(await exportJWK(publicKey)), kid, alg }, privateKey });
      published.add(kid);
    },
    withdraw: (kid: string) => published.delete(kid),
    down: (down: boolean) => {
      isDown = down;
    },
    sign(claims: Record<string, unknown>, kid = 'one', alg = 'ES256', times: { expires?: string } = {}) {
      return new SignJWT({ sub: 'u-1', ...claims })
        .setProtectedHeader({ alg, kid })
        .setIssuer(String(claims.iss ?? 'https://issuer.example'))
        .setAudience(String(claims.aud ?? 'orders'))
        .setExpirationTime(times.expires ?? '5m')
        .sign(keys.get(kid)!.privateKey);
    },
    stop: () => server.close(),
  };
}

describe('access', function () {
  this.timeout(60_000);
  let log: TestLog;
  let service: RunningService;
  let issuer: Awaited<ReturnType<typeof startIssuer>>;
  before(async () => {
    log = await createTestLog(4);
    issuer = await startIssuer();
    await issuer.addKey('one');
    service = await startService(log, {
      ORDERS_JWKS_URL: issuer.url,
      ORDERS_JWT_ISSUER: 'https://issuer.example',
      ORDERS_JWT_AUDIENCE: 'orders',
    });
  });
  after(async () => {
    await service.stop();
    await log.close();
    issuer.stop();
  });

  const keyFor = async (...its: Scope[]) =>
    (await createApiKey(log.pool, { name: 'test', scopes: its, expiresAt: null })).key;

  describe('to every route', () => {
    let orderId: string;
    const keys = new Map<Scope, string>();
    before(async () => {
      for (const scope of scopes) keys.set(scope, await keyFor(scope));
      orderId = (await call(service, 'POST', '/orders', order, bearer(keys.get('orders:write')!))).body.order_id;
    });

    for (const [id, operation] of Object.entries<Operation>(operations)) {
      it(`${operation.method.toUpperCase()} ${operation.path} (${id}): only with its scopes, whatever the others are`, async () => {
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
        const isOpen = (one: number) => one !== 401 && one !== 403;
        expect(isOpen(await status({})), 'without a key').to.equal(operation.access === 'public');
        expect(isOpen(await status(bearer(`ok_${'0'.repeat(12)}_${'x'.repeat(43)}`))), 'with a made-up key').to.equal(
          operation.access === 'public',
        );
        for (const scope of scopes) {
          const expected = operation.access === 'public' || operation.access.includes(scope);
          expect(isOpen(await status(bearer(keys.get(scope)!))), scope).to.equal(expected);
        }
      });
    }
  });

  it('tells what is missing, as RFC 6750 has it', async () => {
    const nobody = await call(service, 'GET', '/orders');
    expect([nobody.status, nobody.body.type, nobody.headers.get('www-authenticate')]).to.deep.equal([
      401,
      '/problems/unauthenticated',
      'Bearer',
    ]);
    const lacking = await call(service, 'GET', '/orders', undefined, bearer(await keyFor('metrics:read')));
    expect([lacking.status, lacking.body.type, lacking.body.required_scopes]).to.deep.equal([
      403,
      '/problems/insufficient-scope',
      ['orders:read', 'orders:read:own'],
    ]);
    expect(lacking.headers.get('www-authenticate')).to.match(/error="insufficient_scope" scope="orders:read /);
    for (const authorization of ['Basic dTpw', 'Bearer', 'Bearer a b', `Bearer ${'x'.repeat(9_000)}`]) {
      expect((await call(service, 'GET', '/orders', undefined, { authorization })).status).to.equal(401);
    }
  });

  it('by an API key makes its subject the actor; a key of the same subject keeps idempotency, others never meet', async () => {
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
    const { events } = (
      await call(service, 'GET', `/orders/${placed.body.order_id}/history`, undefined, bearer(first.key))
    ).body;
    expect(events[0]).to.include({ actor: 'shop', request_id: 'r-1' });
  });

  it('by a key ends within a second of its being revoked, on all processes, and at its expiry', async () => {
    const second = await startService(log, { ORDERS_AUTH: 'required' });
    const { id, key } = await createApiKey(log.pool, { name: 'test', scopes: ['orders:read'], expiresAt: null });
    for (const one of [service, second])
      expect((await call(one, 'GET', '/orders', undefined, bearer(key))).status, 'a key that was just made').to.equal(
        200,
      );
    expect(await revokeApiKey(log.pool, id)).to.equal(true);
    for (const one of [service, second])
      await eventually(
        'the key to be refused',
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

  it('by a key is made, listed and revoked on the command line; no key is stored', async () => {
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
    const { rows } = await log.owner.query('select * from api_keys');
    expect(JSON.stringify(rows)).not.to.include(key.split('_')[2]);
    const revoked = await runOrders(log, ['keys', 'revoke', key.split('_')[1]!]);
    expect([revoked.code, revoked.stdout]).to.satisfy(
      () => revoked.code === 0 && /^revoked/.test(revoked.stdout),
      revoked.output,
    );
    for (const wrong of [
      ['keys'],
      ['keys', 'create', '--name', 'x', '--scopes', 'everything'],
      ['keys', 'revoke', 'nobody'],
    ])
      expect((await runOrders(log, wrong)).code).to.equal(2);
  });

  describe('by a JSON Web Token', () => {
    it('makes its subject the actor, with the scopes it carries', async () => {
      const token = await issuer.sign({ sub: 'clerk-7', scope: 'orders:write unknown:scope' });
      const { body, status } = await call(service, 'POST', '/orders', order, bearer(token));
      expect(status).to.equal(201);
      const { rows } = await log.owner.query(`select metadata->>'actor' as actor from events where order_id = $1`, [
        body.order_id,
      ]);
      expect(rows[0].actor).to.equal('clerk-7');
      expect((await call(service, 'GET', '/orders', undefined, bearer(token))).status).to.equal(403);
    });

    it('is refused when issuer, audience, time, algorithm, key or signature are wrong', async () => {
      await issuer.addKey('rsa', 'RS512');
      const good = await issuer.sign({ scope: 'orders:read' });
      const [head, body, signature = ''] = good.split('.');
      const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const claims = { sub: 'u-1', iss: 'https://issuer.example', aud: 'orders', exp: 4e9, scope: 'orders:read' };
      const hmac = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', kid: 'one' })
        .sign(new TextEncoder().encode('the public key, as a secret: 32 bytes and more'));
      const refused: Record<string, string> = {
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
      for (const [what, token] of Object.entries(refused)) {
        const { status, body: problem } = await call(service, 'GET', '/orders', undefined, bearer(token));
        expect([status, problem.type], what).to.deep.equal([401, '/problems/unauthenticated']);
        expect(problem.detail, what).not.to.include(token);
      }
    });

    it('of a new key is taken once the issuer publishes it, and of a withdrawn one no more', async () => {
      await issuer.addKey('two');
      const token = await issuer.sign({ scope: 'orders:read' }, 'two');
      await eventually(
        'the new key to be fetched',
        async () => (await call(service, 'GET', '/orders', undefined, bearer(token))).status === 200,
      );
    });

    it('can’t be checked while the issuer is away: 503, and API keys go on', async () => {
      issuer.down(true);
      const fresh = await startService(log, {
        ORDERS_JWKS_URL: issuer.url,
        ORDERS_JWT_ISSUER: 'https://issuer.example',
        ORDERS_JWT_AUDIENCE: 'orders',
      });
      const token = await issuer.sign({ scope: 'orders:read' });
      const { status, body, headers } = await call(fresh, 'GET', '/orders', undefined, bearer(token));
      expect([status, body.type, headers.has('retry-after')]).to.deep.equal([
        503,
        '/problems/token-issuer-unavailable',
        true,
      ]);
      expect((await call(fresh, 'GET', '/orders', undefined, bearer(await keyFor('orders:read')))).status).to.equal(
        200,
      );
      issuer.down(false);
      await fresh.stop();
    });
  });

  it('with orders:read:own shows the caller’s own orders, and others’ like none', async () => {
    const writer = bearer(await keyFor('orders:write', 'orders:read'));
    const place = async (user_id: string) => {
      const answer = await call(service, 'POST', '/orders', { ...order, user_id }, { ...writer, prefer: 'wait=5' });
      return answer.body.order_id as string;
    };
    const [mine, theirs] = [await place('ada'), await place('bob')];
    const own = bearer(await issuer.sign({ sub: 'ada', scope: 'orders:read:own' }));
    const get = (path: string) => call(service, 'GET', path, undefined, own);
    const listed = (await get('/orders')).body.orders as { user_id: string }[];
    expect(listed.map(({ user_id }) => user_id)).to.deep.equal(['ada']);
    expect((await get('/orders?user_id=ada')).body.orders).to.have.length(1);
    expect((await get('/orders?user_id=bob')).status).to.equal(403);
    expect((await get('/orders/stream?user_id=bob')).status).to.equal(403);
    for (const path of ['', '?version=1', '/history', '/history?diff=true', '/history?proof=true']) {
      expect((await get(`/orders/${mine}${path}`)).status, path).to.be.oneOf([200, 501]);
      const hidden = await get(`/orders/${theirs}${path}`);
      expect([hidden.status, hidden.body.type], path).to.deep.equal([404, '/problems/order-not-found']);
    }
  });

  it('to say when an order was placed needs orders:import, alone and in a batch', async () => {
    const then = { ...order, occurred_at: '2020-01-01T00:00:00Z' };
    const writer = bearer(await keyFor('orders:write'));
    const refused = await call(service, 'POST', '/orders', then, writer);
    expect([refused.status, refused.body.required_scopes]).to.deep.equal([403, ['orders:import']]);
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
