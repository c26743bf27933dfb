import { expect } from 'chai';
import { createApiKey, revokeApiKey } from '../../../src/access/api-keys.js';
import { openStream } from '../../support/event-stream.js';
import { type LocalService, startLocalService } from '../../support/local-service.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';
import { issuerEnv, startIssuer, type TokenIssuer } from '../../support/token-issuer.js';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const line = `${JSON.stringify({ command: 'place', user_id: 'u', item_ids: ['a'], total_amount: 1 })}\n`;

describe('A request that outlasts the authority of its caller', () => {
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

  /** Whether a stream or a response ends within a second. */
  const endsInTime = async (ended: Promise<unknown>) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), 1_000);
    });
    const inTime = await Promise.race([ended.then(() => true), late]);
    clearTimeout(timer);
    return inTime;
  };
  const newKey = () =>
    createApiKey(log.pool, { name: 'test', scopes: ['orders:write', 'orders:read', 'metrics:read'], expiresAt: null });

  for (const path of ['/orders/stream', '/projections']) {
    it(`the stream ${path} ends within a second after its key was revoked, and says why`, async () => {
      const [{ id, key }, other] = [await newKey(), await newKey()];
      const stream = await openStream(service.url + path, bearer(key));
      const untouched = await openStream(service.url + path, bearer(other.key));
      await revokeApiKey(log.pool, id);
      expect(await endsInTime(stream.ended)).to.equal(true);
      const last = stream.messages.at(-1);
      expect(last?.event).to.equal('problem');
      expect(JSON.parse(last?.data ?? '')).to.include({ type: '/problems/unauthenticated', status: 401 });
      untouched.close();
      expect(untouched.messages.filter(({ event }) => event === 'problem')).to.deep.equal([]);
    });
  }

  it('a stream ends when its token expires', async () => {
    // Tokens are accepted for five seconds more, because clocks differ.
    const token = await issuer.sign({ scope: 'orders:read' }, 'one', 'ES256', { expires: '-4s' });
    const stream = await openStream(`${service.url}/orders/stream`, bearer(token));
    await stream.ended;
    expect(stream.messages.at(-1)?.event).to.equal('problem');
  });

  for (const [what, path, body] of [
    ['an order', '/orders', { user_id: 'late', item_ids: ['a'], total_amount: 1 }],
    ['an API key', '/keys', { name: 'late', scopes: ['admin'] }],
  ] as const) {
    it(`${what} is not made with a key that is revoked while the body arrives`, async () => {
      const { id, key, subject } = await createApiKey(log.pool, {
        name: 'test',
        scopes: ['orders:write', 'admin'],
        expiresAt: null,
      });
      const whoAmI = async () => (await fetch(`${service.url}/access/caller`, { headers: bearer(key) })).status;
      expect(await whoAmI()).to.equal(200);
      const text = JSON.stringify(body);
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const writer = writable.getWriter();
      void writer.write(new TextEncoder().encode(text.slice(0, 5)));
      const response = fetch(service.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...bearer(key) },
        body: readable,
        duplex: 'half',
      } as RequestInit);
      // Meanwhile the request is admitted, and waits for its body.
      for (let nth = 0; nth < 3; nth += 1) expect(await whoAmI()).to.equal(200);
      await revokeApiKey(log.pool, id);
      await eventually('the key to be refused', async () => (await whoAmI()) === 401);
      void writer.write(new TextEncoder().encode(text.slice(5)));
      void writer.close();
      const { status, headers } = await response;
      expect(status).to.equal(401);
      expect(headers.get('www-authenticate')).to.equal('Bearer error="invalid_token"');
      expect((await log.owner.query(`select from api_keys where name = 'late'`)).rows).to.deep.equal([]);
      const { rows } = await log.owner.query(`select from events where metadata->>'actor' = $1`, [subject]);
      expect(rows).to.deep.equal([]);
    });
  }

  it('a batch ends within a second after its key was revoked, and writes nothing more', async () => {
    const { id, key, subject } = await newKey();
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const send = () => writer.write(new TextEncoder().encode(line));
    void send();
    const response = await fetch(`${service.url}/orders/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', ...bearer(key) },
      body: readable,
      duplex: 'half',
    } as RequestInit);
    const text = response.text();
    await revokeApiKey(log.pool, id);
    expect(await endsInTime(text)).to.equal(true);
    send().catch(() => undefined);
    const results = (await text)
      .trim()
      .split('\n')
      .map((one) => JSON.parse(one));
    expect(results.map(({ line: number, status }) => [number, status])).to.deep.equal([
      [1, 201],
      [2, 401],
    ]);
    const { rows } = await log.owner.query(`select from events where metadata->>'actor' = $1`, [subject]);
    expect(rows).to.have.length(1);
    writer.abort().catch(() => undefined);
  });
});
