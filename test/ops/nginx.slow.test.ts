import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { readChanges } from '../../client/changes.js';
import { createOrdersClient } from '../../client/orders-client.js';
import { type BehindNginx, hasNginx, startBehindNginx } from '../support/nginx.js';
import { streamsOf } from '../support/open-streams.js';
import { hasOpenssl } from '../support/private-ca.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };
const ndjson = { 'content-type': 'application/x-ndjson' };

/** The service behind nginx during the tests of one describe. */
function useNginx(env: Record<string, string> = {}): () => BehindNginx {
  let log: TestLog | undefined;
  let rig: BehindNginx | undefined;
  before(async function () {
    if (!hasNginx() || !hasOpenssl()) {
      console.log('      skipped: nginx or openssl is not installed');
      this.skip();
    }
    log = await createTestLog(4);
    rig = await startBehindNginx(log, env);
  });
  after(async () => {
    await rig?.stop();
    await log?.close();
  });
  return () => {
    if (!rig) throw new Error('nginx runs only while the tests do');
    return rig;
  };
}

async function problemOf(response: Response) {
  expect(response.headers.get('content-type')).to.equal('application/problem+json');
  return (await response.json()) as Record<string, unknown>;
}

describe('the service behind nginx, as docs/access.md configures it', () => {
  // A batch that hangs fails soon.
  const nginx = useNginx({ ORDERS_BATCH_IDLE_TIMEOUT_MS: '10000', ORDERS_RATE_LIMIT_PER_MINUTE: '1000000' });

  describe('and a batch of 50,000 lines that is sent before any result is read', () => {
    const count = 50_000;
    // Lines and results that exceed what the buffers of all systems on the way take.
    const lines = `${JSON.stringify({ command: 'fly', text: 'x'.repeat(400) })}\n`.repeat(count);
    const expectAll = (results: string) => {
      const all = results.trimEnd().split('\n');
      expect(JSON.parse(all.at(-1) ?? '')).to.deep.include({ line: count, status: 422 });
      expect(all).to.have.length(count);
    };

    for (const framing of ['Content-Length', 'Transfer-Encoding']) {
      it(`is handled if it comes by HTTP/1.1 with ${framing}`, async () => {
        const { origin, ca, authorization } = nginx();
        const headers = { ...ndjson, authorization };
        const sent = httpsRequest(`${origin}/orders/batch`, { method: 'POST', headers, ca });
        const response = once(sent, 'response');
        // Node knows the length only of a body that is sent by one call.
        const half = framing === 'Content-Length' ? 0 : lines.length / 2;
        if (half > 0) sent.write(lines.slice(0, half));
        sent.end(lines.slice(half));
        await once(sent, 'finish');
        const [message] = await response;
        expect(message.statusCode).to.equal(200);
        expectAll(await text(message));
      });
    }

    it('is handled if it comes by HTTP/2', async () => {
      const { origin, ca, authorization } = nginx();
      const session = connectHttp2(origin, { ca });
      const sent = session.request({ ':method': 'POST', ':path': '/orders/batch', ...ndjson, authorization });
      sent.end(lines);
      await once(sent, 'finish');
      expectAll(await text(sent));
      session.close();
    });
  });

  it('sends the changes of a stream at once, and the service notices when its reader leaves', async () => {
    const { origin, post, fetch: send, services, authorization } = nginx();
    const streams = async () => {
      const counts = await Promise.all(services.map((one) => streamsOf(one, { authorization })));
      return counts.reduce((sum, count) => sum + count, 0);
    };
    const leave = new AbortController();
    const headers = { accept: 'text/event-stream', 'accept-encoding': 'gzip' };
    const { body } = await send(new Request(`${origin}/orders/stream`, { headers, signal: leave.signal }));
    expect(await streams()).to.equal(1);
    const location = (await post('/orders', order)).headers.get('location') ?? '';
    let received = '';
    // The stream does not end: a buffered change would never arrive.
    for await (const piece of body ?? []) {
      received += Buffer.from(piece as Uint8Array).toString();
      if (received.includes(location.slice('/orders/'.length))) break;
    }
    leave.abort();
    await eventually('the stream to be closed', async () => (await streams()) === 0);
  });

  it('compresses JSON, and the service knows the ETags that this makes weak', async () => {
    const { get, post } = nginx();
    const items = Array.from({ length: 50 }, (_, nth) => ({ item_id: `item-${nth}`, quantity: 1 }));
    const path = (await post('/orders', { ...order, item_ids: undefined, items })).headers.get('location') ?? '';
    const compressed = { 'accept-encoding': 'gzip' };
    for (const query of [path, '/orders?limit=10', `${path}/history`]) {
      const response = await get(query, compressed);
      const { headers } = response;
      expect(headers.get('content-encoding'), query).to.equal('gzip');
      expect(headers.get('vary'), query).to.match(/^Accept-Encoding\b/);
      expect(JSON.parse(gunzipSync(await response.arrayBuffer()).toString()), query).to.be.an('object');
      const etag = headers.get('etag') ?? '';
      expect(etag, query).to.match(/^W\//);
      const again = await get(query, { ...compressed, 'if-none-match': etag });
      expect([again.status, await again.text()], query).to.deep.equal([304, '']);
    }
    const etag = (await get(path, compressed)).headers.get('etag') ?? '';
    expect((await post(`${path}/pay`, {}, { 'if-match': etag })).status).to.equal(200);
    const late = await post(`${path}/process`, {}, { 'if-match': etag });
    expect([late.status, (await problemOf(late)).type]).to.deep.equal([412, '/problems/version-mismatch']);
  });

  it('rejects bodies that are too large with a problem, be it nginx or the service that rejects them', async () => {
    const { post, origin, ca } = nginx();
    for (const bytes of [600_000, 20_000_000]) {
      const response = await post('/orders', 'x'.repeat(bytes));
      const { type, status, request_id } = await problemOf(response);
      expect([response.status, status, type], `${bytes}`).to.deep.equal([413, 413, '/problems/body-too-large']);
      expect(request_id).to.match(/^[\w-]{32,36}$/);
    }
    const headers = { ...ndjson, 'content-length': 100_000_000 };
    const sent = httpsRequest(`${origin}/orders/batch`, { method: 'POST', headers, ca });
    sent.on('error', () => undefined).flushHeaders();
    const [message] = await once(sent, 'response');
    expect(message.statusCode).to.equal(413);
    expect(JSON.parse(await text(message)).type).to.equal('/problems/body-too-large');
    sent.destroy();
  });

  it('passes on all headers that the service accepts', async () => {
    const { get } = nginx();
    expect((await get('/orders?limit=1', { 'x-long': 'x'.repeat(12 * 1024) })).status).to.equal(200);
    const two = { 'x-long': 'x'.repeat(9 * 1024), 'x-longer': 'x'.repeat(9 * 1024) };
    const tooMany = await get('/orders?limit=1', two);
    expect([tooMany.status, (await problemOf(tooMany)).type]).to.deep.equal([431, '/problems/headers-too-large']);
  });

  it('gives Locations that lead through nginx, and tells browsers to stay with TLS', async () => {
    const { origin, get, post, services } = nginx();
    const { status, headers } = await post('/orders', order, { host: 'orders.example' });
    expect(status).to.equal(201);
    expect(headers.get('strict-transport-security')).to.equal('max-age=31536000');
    const location = headers.get('location') ?? '';
    expect(new URL(location, origin).origin).to.equal(origin);
    expect((await get(location)).status).to.equal(200);
    const missing = await get('/orders/no-uuid', { host: 'orders.example' });
    const seen = JSON.stringify([await missing.text(), [...missing.headers], [...headers]]);
    for (const { url } of services) expect(seen).not.to.include(new URL(url).host);
  });
});

describe('the limits of the service behind nginx, as docs/access.md configures it', () => {
  const nginx = useNginx({ ORDERS_RATE_LIMIT_PER_MINUTE: '3' });

  it('count each client by its own address, whatever X-Forwarded-For it sends', async () => {
    const { getAnonymously } = nginx();
    const statuses = async (from: string) => {
      const all: number[] = [];
      for (let nth = 0; nth < 4; nth += 1)
        all.push((await getAnonymously('/orders', { 'x-forwarded-for': `192.0.2.${nth}, 127.0.0.1` }, from)).status);
      return all;
    };
    for (const from of ['127.0.0.2', '127.0.0.3'])
      expect(await statuses(from), from).to.deep.equal([401, 401, 401, 429]);
  });
});

describe('slow clients of the service behind nginx, as docs/access.md configures it', () => {
  const nginx = useNginx({ ORDERS_BODY_TIMEOUT_MS: '1000', ORDERS_RESPONSE_TIMEOUT_MS: '1000' });

  /** Sends a request to nginx and another one to the service itself, which is less patient. */
  function sendToBoth(text: string): [behindNginx: Socket, direct: Socket] {
    const { origin, ca, services } = nginx();
    const direct = new URL(services[0]?.url ?? '');
    const sockets: [Socket, Socket] = [
      connectTls({ host: '127.0.0.1', port: Number(new URL(origin).port), ca }),
      connect(Number(direct.port), direct.hostname),
    ];
    for (const socket of sockets) socket.on('error', () => undefined).write(text);
    return sockets;
  }

  it('may take longer to send a body than the service waits for one', async () => {
    const body = JSON.stringify(order);
    const head =
      `POST /orders HTTP/1.1\r\nHost: test\r\nAuthorization: ${nginx().authorization}\r\nConnection: close\r\n` +
      'Content-Type: application/json\r\n';
    const [behindNginx, direct] = sendToBoth(`${head}Content-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`);
    expect(await text(direct)).to.match(/^HTTP\/1.1 408 /);
    behindNginx.write(body.slice(10));
    expect(await text(behindNginx)).to.match(/^HTTP\/1.1 201 /);
  });

  it('may take longer to read responses than the service waits for it', async () => {
    const items = Array.from({ length: 500 }, (_, nth) => ({ item_id: `${nth}`.padEnd(200, '-'), quantity: 1 }));
    const { post, services, authorization } = nginx();
    const placed = await post('/orders', { user_id: 'u', items, total_amount: 1 });
    // More than the buffers of all systems on the way take.
    const get = `GET ${placed.headers.get('location')} HTTP/1.1\r\nHost: test\r\nAuthorization: ${authorization}\r\n`;
    const count = 100;
    const pipelined = `${get}\r\n`.repeat(count - 1);
    const [behindNginx, direct] = sendToBoth(`${pipelined}${get}Connection: close\r\n\r\n`);
    for (const socket of [behindNginx, direct]) socket.pause();
    // A paused client learns of the end only when it sends something.
    const probe = setInterval(() => direct.write('\r\n'), 100);
    await new Promise((resolve) => direct.once('close', resolve));
    clearInterval(probe);
    const responses = await text(behindNginx);
    expect(responses.split('HTTP/1.1 200 OK')).to.have.length(count + 1);
    expect((await call(services[0] ?? { url: '' }, 'GET', '/health/live')).status).to.equal(200);
  });
});

describe('a restart of the service behind nginx, as docs/access.md configures it', () => {
  const nginx = useNginx({ ORDERS_SHUTDOWN_DELAY_MS: '300' });

  it('of one process after the other is not noticed by clients that retry, and streams miss no change', async () => {
    const { origin, fetch: send, services, authorization } = nginx();
    const client = createOrdersClient(origin, { fetch: send });
    const stop = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const message of readChanges(origin, { fetch: send, signal: stop.signal }))
        seen.push(message.type === 'change' ? message.change.order_id : message.type);
    })();
    const openIn = (one: { readonly url: string }) => streamsOf(one, { authorization }).catch(() => 0);
    const streams = async () => (await Promise.all(services.map(openIn))).includes(1);
    await eventually('the stream', streams);
    const placed: string[] = [];
    const statuses = new Set<number>();
    let restarting = true;
    const calling = (async () => {
      while (restarting) {
        const { response, data } = await client.POST('/orders', { body: order });
        statuses.add(response.status);
        if (data) placed.push(data.order_id);
      }
    })();
    for (const service of services) {
      await service.stop();
      await service.start();
    }
    restarting = false;
    await calling;
    expect([...statuses]).to.deep.equal([201]);
    await eventually('all changes', () => seen.length >= placed.length);
    stop.abort();
    await reading;
    expect(seen.toSorted()).to.deep.equal(placed.toSorted());
  });

  it('of all processes lets requests in flight end; then callers get a problem with Retry-After until it is over', async () => {
    const { get, post, services, log, authorization } = nginx();
    const key = { 'idempotency-key': randomUUID() };
    await log.owner.query('begin');
    await log.owner.query('select from partition_heads for update');
    const inFlight = post('/orders', order);
    const writes = async ({ url }: { readonly url: string }) =>
      /^orders_requests_in_flight\{kind="writes"\} 1$/m.test(
        await (await fetch(`${url}/metrics`, { headers: { authorization } })).text(),
      );
    await eventually('the append to wait', async () => (await Promise.all(services.map(writes))).includes(true));
    const stopped = Promise.all(services.map((service) => service.stop()));
    await eventually('nginx to reach no process', async () => (await get('/orders')).status === 503);
    await log.owner.query('commit');
    expect((await inFlight).status).to.equal(201);
    await stopped;
    for (const response of [await get('/orders'), await post('/orders', order, key)]) {
      const { type, title, status } = await problemOf(response);
      expect([response.status, type, title, status]).to.deep.equal([503, 'about:blank', 'Service Unavailable', 503]);
      expect(response.headers.get('retry-after')).to.equal('1');
    }
    await Promise.all(services.map((service) => service.start()));
    await eventually('nginx to try again', async () => (await get('/orders')).status === 200);
    expect((await post('/orders', order, key)).status).to.equal(201);
  });
});
