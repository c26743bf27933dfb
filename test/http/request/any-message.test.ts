import { connect } from 'node:net';
import { expect } from 'chai';
import { createApiKey } from '../../../src/access/api-keys.js';
import { type LocalService, startLocalService } from '../../support/local-service.js';
import { Random } from '../../support/random.js';
import { createTestLog, type TestLog } from '../../support/servers.js';

const messages = 1_500;
const inFlight = 25;
/** A message may promise more than it sends. The service then waits for the rest. */
const waitMs = 500;

const orderId = '0197f3a0-0000-7000-8000-00000000b001';
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT', 'get', 'M-SEARCH', ''];
const targets = [
  ...['/', '*', '', '//', '/%', '/%00', '/%ff', '/orders', '/orders/', `/orders/${orderId}`, `/orders/${orderId}/pay`],
  ...[
    '/orders/batch',
    '/orders/metrics',
    '/orders/stream',
    '/orders/lookup?q=%',
    '/orders?limit=1&limit=2',
    '/health/live',
  ],
  ...['http://', 'http://a', 'http://a/orders', 'a:b', '/orders?', '/orders?a[]=1&__proto__[a]=1', '/../../etc/passwd'],
  ...[
    `/orders/${orderId}/history?proof=true`,
    '/keys',
    '/webhooks',
    '/projections',
    `/${'a'.repeat(3_000)}`,
    '/\x7f',
    '/é',
  ],
];
const versions = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'HTTP/0.9', 'http/1.1', ''];
const names = [
  ...[
    'Host',
    'Authorization',
    'Content-Type',
    'Content-Length',
    'Transfer-Encoding',
    'Expect',
    'Connection',
    'Upgrade',
  ],
  ...[
    'If-Match',
    'If-None-Match',
    'Idempotency-Key',
    'Prefer',
    'Min-Event-Position',
    'Accept',
    'Accept-Encoding',
    'TE',
  ],
  ...['Origin', 'Range', 'Last-Event-ID', 'Forwarded', 'X-Forwarded-For', 'X-Request-ID', 'Traceparent', 'Cookie'],
  ...[
    'Access-Control-Request-Method',
    'Access-Control-Request-Headers',
    'Trailer',
    'Content-Encoding',
    '__proto__',
    '',
  ],
];
const values = [
  ...[
    '',
    ' ',
    'a',
    'localhost',
    'chunked',
    'gzip, chunked',
    '0',
    '2',
    '5',
    '-1',
    '1e9',
    '9'.repeat(30),
    'application/json',
  ],
  ...[
    'application/json; charset=latin1',
    'application/x-ndjson',
    'text/event-stream',
    '*/*',
    ';;q=a',
    '"1"',
    'W/"a", *',
  ],
  ...['100-continue', 'close', 'keep-alive, Upgrade', 'websocket', 'wait=1', 'respond-async', '0:1', '1:2:3', '99:-1'],
  ...['Bearer', 'Bearer a', 'null', 'http://a', 'for=a;by=b', '1.2.3.4, ::1', 'é', '\x01', 'a\tb', ',,,', 'a=b; a=c'],
];
const order = '{"user_id":"u","item_ids":["a"],"total_amount":1}';
const bodies = [
  ...['', '{', '{}', '[]', 'null', '0', '""', '{"user_id":"u","item_ids":["a"],"total_amount":1}', '\ufeff{}', '\0'],
  ...[
    '5\r\nhello\r\n0\r\n\r\n',
    '0\r\n\r\n',
    '0\r\nA: b\r\n\r\n',
    'zz\r\n',
    '2;a=b\r\n{}\r\n0\r\n\r\n',
    '{"__proto__":{"a":1}}',
  ],
  ...['{"command":"place"}\n\n{}\n', '[[['.repeat(2_000), '{"a":1e999}', '{"user_id":"\\ud800"}'],
];

describe('Any HTTP message', () => {
  let log: TestLog;
  let service: LocalService;
  let secret: string;
  before(async () => {
    log = await createTestLog(1);
    service = await startLocalService(log, { ORDERS_AUTH: 'required', LOG_LEVEL: 'error' });
    const scopes = ['orders:read', 'orders:write', 'audit:read'] as const;
    ({ key: secret } = await createApiKey(log.pool, { name: 'test', scopes, expiresAt: null }));
  });
  after(async () => {
    await service?.stop();
    await log?.close();
  });

  /** One to three requests, mostly valid: an error in the first one may hide the others. */
  function anyMessage(random: Random): string {
    let message = '';
    for (let left = random.integer(1, 3); left > 0; left -= 1) {
      const isPlacing = random.chance(0.2);
      const target = isPlacing ? '/orders' : random.pick(targets);
      const method = isPlacing ? 'POST' : random.pick(methods.slice(0, random.chance(0.7) ? 2 : undefined));
      const lines = [`${method} ${target} ${random.pick(versions.slice(0, random.chance(0.8) ? 1 : undefined))}`];
      if (random.chance(0.8)) lines.push('Host: localhost');
      if (random.chance(0.7)) lines.push(`Authorization: Bearer ${secret}`);
      for (let more = random.integer(0, 4); more > 0; more -= 1)
        lines.push(`${random.pick(names)}: ${random.pick(values)}`);
      const body = isPlacing ? order : random.chance(0.5) ? random.pick(bodies) : '';
      if (isPlacing || random.chance(0.5)) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
      if (isPlacing || random.chance(0.5)) lines.push('Content-Type: application/json');
      message += `${lines.join(random.chance(0.95) ? '\r\n' : '\n')}\r\n\r\n${body}`;
    }
    return random.chance(0.9) ? message : message.slice(0, random.integer(0, message.length));
  }

  /** Sends bytes, and resolves with the responses when the service closes, or after `waitMs`. */
  const send = (message: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
      let text = '';
      socket.setTimeout(waitMs, () => socket.destroy());
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
      });
      socket.on('close', () => resolve(text));
      socket.write(message);
    });

  it('leaves the service as it was, and is no internal error', async () => {
    const random = new Random(1);
    const all = Array.from({ length: messages }, () => anyMessage(random));
    const wrong: string[] = [];
    const statuses = new Set<string>();
    const sendNext = async () => {
      for (let message = all.pop(); message !== undefined; message = all.pop()) {
        const responses = await send(message);
        for (const [, status = ''] of responses.matchAll(/^HTTP\/1\.1 (\d{3})/gm)) statuses.add(status);
        if (/^HTTP\/1\.1 5(?!01|03)/m.test(responses)) wrong.push(`${JSON.stringify(message)}: ${responses}`);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, sendNext));
    expect(wrong).to.deep.equal([]);
    // The messages reach all parts of the service.
    expect([...statuses]).to.include.members(['200', '201', '400', '401', '404', '405', '415', '422']);
    expect((await fetch(`${service.url}/health/live`)).status).to.equal(200);
    // Each message of the log is JSON. Only errors are written.
    expect(service.output()).not.to.include('{');
  });
});
