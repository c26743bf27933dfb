import { connect } from 'node:net';
import { expect } from 'chai';
import { createApiKey } from '../../../src/access/api-keys.js';
import { type LocalService, startLocalService } from '../../support/local-service.js';
import { createTestLog, type TestLog } from '../../support/servers.js';

const host = 'Host: localhost\r\n';
const json = 'Content-Type: application/json\r\n';
/** A second request in the body of the first, for a reader that finds its end elsewhere. */
const smuggled = `GET /health/live HTTP/1.1\r\n${host}Connection: close\r\n\r\n`;

describe('A hostile HTTP message', () => {
  let log: TestLog;
  let service: LocalService;
  let secret: string;
  before(async () => {
    log = await createTestLog(1);
    service = await startLocalService(log, { ORDERS_AUTH: 'required', LOG_LEVEL: 'info' });
    ({ key: secret } = await createApiKey(log.pool, { name: 'test', scopes: ['orders:write'], expiresAt: null }));
  });
  after(async () => {
    await service.stop();
    await log.close();
  });

  /** Sends bytes, and reads until the service closes the connection. */
  const send = (message: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
      let text = '';
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
      });
      socket.on('close', () => resolve(text));
      socket.write(Buffer.from(message, 'latin1'));
    });
  const statuses = (responses: string) => [...responses.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);

  const ambiguous: readonly [what: string, message: string][] = [
    ['two lengths', `POST /orders HTTP/1.1\r\n${host}Content-Length: 0\r\nContent-Length: 70\r\n\r\n${smuggled}`],
    [
      'the same length twice',
      `POST /orders HTTP/1.1\r\n${host}Content-Length: 0\r\nContent-Length: 0\r\n\r\n${smuggled}`,
    ],
    ...['Content-Length: 4\r\nTransfer-Encoding: chunked', 'Transfer-Encoding: chunked\r\nContent-Length: 4'].map(
      (both): [string, string] => [
        `both framings, ${both.split(':')[0]} first`,
        `POST /orders HTTP/1.1\r\n${host}${both}\r\n\r\n0\r\n\r\n${smuggled}`,
      ],
    ),
    ...[
      ...['xchunked', 'chunked, identity', 'identity', '\x0bchunked', 'chunked\0', '"chunked"'],
      ...['\r\n chunked', 'chunked;q=1'],
    ].map((coding): [string, string] => [
      `the transfer coding ${JSON.stringify(coding)}`,
      `POST /orders HTTP/1.1\r\n${host}Transfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n${smuggled}`,
    ]),
    [
      'a space before a colon',
      `POST /orders HTTP/1.1\r\n${host}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    ...['+0', '0x0', '0 0', '-1', '0,0'].map((length): [string, string] => [
      `the length ${length}`,
      `POST /orders HTTP/1.1\r\n${host}Content-Length: ${length}\r\n\r\n${smuggled}`,
    ]),
    ['a line break without CR', `GET /health/live HTTP/1.1\n${host}\n${smuggled}`],
    ['a CR in a header', `GET /health/live HTTP/1.1\r\n${host}X-A: a\rX-B: b\r\n\r\n${smuggled}`],
    ['a target without a path', `GET http:// HTTP/1.1\r\n${host}\r\n${smuggled}`],
    ['no Host', `GET /health/live HTTP/1.1\r\n\r\n${smuggled}`],
    ['two Hosts', `GET /health/live HTTP/1.1\r\n${host}HOST: other\r\n\r\n${smuggled}`],
    ['two keys', `GET /health/live HTTP/1.1\r\n${host}Authorization: a\r\nauthorization: b\r\n\r\n${smuggled}`],
    ['two types', `POST /orders HTTP/1.1\r\n${host}${json}Content-Type: text/plain\r\n\r\n${smuggled}`],
    [
      'two transfer codings',
      `POST /orders HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    ],
    ['an expectation that nobody knows', `GET /health/live HTTP/1.1\r\n${host}Expect: tea\r\n\r\n${smuggled}`],
    ['bytes in the URL that are not ASCII', `GET /orders?user_id=\xc3\xa9 HTTP/1.1\r\n${host}\r\n${smuggled}`],
  ];
  for (const [what, message] of ambiguous) {
    it(`with ${what} gets one response, 400 with a problem, and the connection ends`, async () => {
      const responses = await send(message);
      expect(statuses(responses)).to.deep.equal(['400']);
      expect(responses).to.include('application/problem+json');
    });
  }

  it('with the transfer coding in odd case is one request, whose end is where it is for everybody', async () => {
    const message = `POST /orders HTTP/1.1\r\n${host}${json}tRANSFER-eNCODING: ChUnKeD\r\n\r\n2\r\n{}\r\n0\r\n\r\n${smuggled}`;
    expect(statuses(await send(message))).to.deep.equal(['401', '200']);
  });

  it('that becomes invalid while its response is sent gets no second response into the first', async () => {
    const { port } = new URL(service.url);
    const line = `${JSON.stringify({ command: 'place', user_id: 'u', item_ids: ['a'], total_amount: 1 })}\n`;
    const head = `POST /orders/batch HTTP/1.1\r\n${host}Authorization: Bearer ${secret}\r\n`;
    const body = 'Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n';
    const text = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1');
      let received = '';
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1');
        // The result of the first line has arrived.
        if (received.includes('"line":1')) socket.write('zz\r\n');
      });
      socket.on('close', () => resolve(received));
      socket.write(`${head}${body}${line.length.toString(16)}\r\n${line}\r\n`);
    });
    expect(text).to.match(/"line":1,"status":201/);
    expect(statuses(text)).to.deep.equal(['200']);
  });

  const kinds: readonly [what: string, start: string, status: string, body?: string][] = [
    ['TRACE', 'TRACE /orders HTTP/1.1', '405'],
    ['OPTIONS', 'OPTIONS /orders HTTP/1.1', '405'],
    ['HEAD', 'HEAD /health/ready HTTP/1.1', '200'],
    ['an unknown path', 'GET /nothing HTTP/1.1', '404'],
    ['an unknown method of a path', 'DELETE /orders HTTP/1.1', '405'],
    ['a body that is too large', 'POST /orders HTTP/1.1', '413', 'x'.repeat(600_000)],
    ['a body of another type', 'POST /orders HTTP/1.1', '415', 'x'],
    ['a body that is no JSON', `POST /orders HTTP/1.1\r\n${json.trimEnd()}`, '400', '{"user_id": "ada@shop.example"'],
    ['a URL that cannot be decoded', 'GET /orders/%E0%A4%A HTTP/1.1', '403'],
    ['too large headers', `GET / HTTP/1.1\r\nX-Large: ${'x'.repeat(20_000)}`, '431'],
    ['an upgrade', 'GET /nothing HTTP/1.1\r\nUpgrade: websocket', '404'],
  ];
  for (const [what, start, status, body = ''] of kinds) {
    it(`${what}: the response has status ${status}, and neither it nor the log repeats what is secret`, async () => {
      const { hostname, port, password } = new URL(log.databaseUrl);
      const headers = `Authorization: Bearer ${secret}\r\nCookie: session=my-cookie\r\nConnection: close\r\n`;
      const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
      const response = await send(`${start}\r\n${host}${headers}${length}\r\n${body}`);
      expect(statuses(response)).to.deep.equal([status]);
      for (const text of [response, service.output()]) {
        expect(text).not.to.include(secret);
        expect(text).not.to.include('my-cookie');
        expect(text).not.to.match(/node_modules|\bat .*\.(js|ts):\d|postgres(ql)?:\/\/|redis:\/\//);
        if (password !== '') expect(text).not.to.include(password);
        expect(text).not.to.include(`${hostname}:${port}`);
      }
      expect(service.output()).not.to.include('ada@shop.example');
      if (status !== '431') expect(response).to.match(/x-content-type-options: nosniff/i);
    });
  }

  it('a ticket, and every other parameter of a URL, stays out of the log', async () => {
    await fetch(`${service.url}/orders/stream?ticket=my-ticket&user_id=ada@shop.example`);
    await fetch(`${service.url}/projections?ticket=my-ticket`);
    await fetch(`${service.url}/orders/lookup?q=ada@shop.example`);
    await fetch(`${service.url}/nothing/ada@shop.example?ticket=my-ticket`);
    expect(service.output()).not.to.match(/my-ticket|ada@/);
  });

  it('a field named __proto__ is an error, or data like any other', async () => {
    const post = (text: string) =>
      fetch(`${service.url}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
        body: text,
      });
    const order = '"user_id":"u","item_ids":["a"],"total_amount":1';
    expect((await post(`{${order},"__proto__":{"total_amount":0}}`)).status).to.equal(422);
    expect((await post(`{${order},"constructor":{"prototype":{"isAdmin":true}}}`)).status).to.equal(422);
    const placed = await post(`{${order},"metadata":{"__proto__":"p","constructor":"c","toString":"t"}}`);
    expect(placed.status).to.equal(201);
    const metadata = JSON.parse(await placed.text()).metadata;
    expect(Object.entries(metadata)).to.deep.equal([
      ['__proto__', 'p'],
      ['constructor', 'c'],
      ['toString', 't'],
    ]);
    expect(Object.hasOwn(Object.prototype, 'isAdmin')).to.equal(false);
  });
});
