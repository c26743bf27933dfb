import { request } from 'node:http';
import { connect } from 'node:net';
import { expect } from 'chai';
import { type Answer, call, useService } from '../../support/service.js';

/** A request, the problem that it has to be answered with, and for validation the pointer that has to be named. */
type BadRequest = [
  what: string,
  send: (context: Context) => Promise<Answer>,
  status: number,
  type: string,
  pointer?: string,
];
interface Context {
  service: { url: string };
  orderId: string;
}

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };
const post =
  (path: string, body: unknown, headers: Record<string, string> = {}) =>
  ({ service, orderId }: Context) =>
    call(service, 'POST', path.replace(':id', orderId), body, headers);
const get =
  (path: string, headers: Record<string, string> = {}) =>
  ({ service, orderId }: Context) =>
    call(service, 'GET', path.replace(':id', orderId), undefined, headers);
const json = (text: string) => post('/orders', text);
const item = { item_id: 'a', quantity: 1 };
const unknownId = '00000000-0000-4000-8000-000000000000';

const table: BadRequest[] = [
  ['an empty body', post('/orders', undefined), 422, 'validation', '/user_id'],
  ['null', json('null'), 422, 'validation', ''],
  ['an array', json('[]'), 422, 'validation', ''],
  ['a string', json('"order"'), 422, 'validation', ''],
  ['a number', json('1'), 422, 'validation', ''],
  ['broken JSON', json('{"user_id": "u"'), 400, 'malformed-json'],
  ['JSON with a trailing comma', json('{"user_id": "u",}'), 400, 'malformed-json'],
  ['single quotes', json(`{'user_id': 'u'}`), 400, 'malformed-json'],
  ['NaN', json('{"user_id":"u","item_ids":["a"],"total_amount":NaN}'), 400, 'malformed-json'],
  ['two values', json('{}{}'), 400, 'malformed-json'],
  ['broken UTF-8', (context) => raw(context, Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])), 400, 'malformed-json'],
  [
    'a byte order mark and nothing else',
    (context) => raw(context, Buffer.from([0xef, 0xbb, 0xbf])),
    400,
    'malformed-json',
  ],
  ['JSON nested 10,000 deep', json('['.repeat(10_000) + ']'.repeat(10_000)), 400, 'malformed-json'],
  [
    'a body beyond the limit',
    json(JSON.stringify({ ...order, metadata: { a: 'x'.repeat(600_000) } })),
    413,
    'body-too-large',
  ],
  [
    'a body beyond the limit without a length',
    (context) => chunked(context, 'x'.repeat(600_000)),
    413,
    'body-too-large',
  ],
  [
    'a form',
    post('/orders', 'user_id=u', { 'content-type': 'application/x-www-form-urlencoded' }),
    415,
    'unsupported-media-type',
  ],
  ['no content type', (context) => raw(context, Buffer.from('{}'), {}), 415, 'unsupported-media-type'],
  [
    'another charset',
    post('/orders', '{}', { 'content-type': 'application/json; charset=latin1' }),
    415,
    'unsupported-media-type',
  ],
  ['a compressed body', post('/orders', '{}', { 'content-encoding': 'gzip' }), 415, 'unsupported-media-type'],
  ['JSON to the batch', post('/orders/batch', '{}'), 415, 'unsupported-media-type'],
  ['no user', post('/orders', { item_ids: ['a'], total_amount: 1 }), 422, 'validation', '/user_id'],
  ['a user that is a number', post('/orders', { ...order, user_id: 7 }), 422, 'validation', '/user_id'],
  ['an empty user', post('/orders', { ...order, user_id: '' }), 422, 'validation', '/user_id'],
  ['an over-long user', post('/orders', { ...order, user_id: 'u'.repeat(201) }), 422, 'validation', '/user_id'],
  ['a user with a NUL', post('/orders', { ...order, user_id: 'a\0b' }), 422, 'validation', '/user_id'],
  ['a user with a line break', post('/orders', { ...order, user_id: 'a\nb' }), 422, 'validation', '/user_id'],
  ['no items', post('/orders', { user_id: 'u', total_amount: 1 }), 422, 'validation', ''],
  ['both forms of items', post('/orders', { ...order, items: [item] }), 422, 'validation', ''],
  ['an empty list of item ids', post('/orders', { ...order, item_ids: [] }), 422, 'validation', '/item_ids'],
  ['an item id that is a number', post('/orders', { ...order, item_ids: ['a', 1] }), 422, 'validation', '/item_ids/1'],
  [
    '10,000 item ids',
    post('/orders', { ...order, item_ids: Array.from({ length: 10_000 }, () => 'a') }),
    422,
    'validation',
    '/item_ids',
  ],
  [
    '10,000 items',
    post('/orders', {
      user_id: 'u',
      total_amount: 1,
      items: Array.from({ length: 10_000 }, (_, nth) => ({ item_id: `i${nth}`, quantity: 1 })),
    }),
    422,
    'validation',
    '/items',
  ],
  [
    'a quantity of 0',
    post('/orders', { user_id: 'u', total_amount: 1, items: [{ ...item, quantity: 0 }] }),
    422,
    'validation',
    '/items/0/quantity',
  ],
  [
    'a negative quantity',
    post('/orders', { user_id: 'u', total_amount: 1, items: [{ ...item, quantity: -1 }] }),
    422,
    'validation',
    '/items/0/quantity',
  ],
  [
    'half a quantity',
    post('/orders', { user_id: 'u', total_amount: 1, items: [{ ...item, quantity: 0.5 }] }),
    422,
    'validation',
    '/items/0/quantity',
  ],
  [
    'a quantity in a string',
    post('/orders', { user_id: 'u', total_amount: 1, items: [{ ...item, quantity: '1' }] }),
    422,
    'validation',
    '/items/0/quantity',
  ],
  [
    'a huge quantity',
    post('/orders', { user_id: 'u', total_amount: 1, items: [{ ...item, quantity: 1e9 }] }),
    422,
    'validation',
    '/items/0/quantity',
  ],
  [
    'an unknown field of an item',
    post('/orders', { user_id: 'u', total_amount: 1, items: [{ ...item, colour: 'red' }] }),
    422,
    'validation',
    '/items/0/colour',
  ],
  [
    'an item twice',
    post('/orders', { user_id: 'u', total_amount: 1, items: [item, item] }),
    422,
    'validation',
    '/items/1/item_id',
  ],
  [
    'prices that do not add up',
    post('/orders', { user_id: 'u', total_amount: 1, items: [{ ...item, unit_price: 2 }] }),
    422,
    'validation',
    '/total_amount',
  ],
  [
    'a price with too many decimals',
    post('/orders', { user_id: 'u', total_amount: 1, items: [{ ...item, unit_price: 0.999 }] }),
    422,
    'validation',
    '/items/0/unit_price',
  ],
  ['no total', post('/orders', { user_id: 'u', item_ids: ['a'] }), 422, 'validation', '/total_amount'],
  ['a negative total', post('/orders', { ...order, total_amount: -0.01 }), 422, 'validation', '/total_amount'],
  [
    'a negative total in a string',
    post('/orders', { ...order, total_amount: '-5' }),
    422,
    'validation',
    '/total_amount',
  ],
  ['three decimals', post('/orders', { ...order, total_amount: 1.999 }), 422, 'validation', '/total_amount'],
  [
    'three decimals in a string',
    post('/orders', { ...order, total_amount: '1.990' }),
    422,
    'validation',
    '/total_amount',
  ],
  [
    'decimals of a currency that has none',
    post('/orders', { ...order, currency: 'JPY', total_amount: 1.5 }),
    422,
    'validation',
    '/total_amount',
  ],
  ['1e400', json('{"user_id":"u","item_ids":["a"],"total_amount":1e400}'), 422, 'validation', '/total_amount'],
  ['1e300', json('{"user_id":"u","item_ids":["a"],"total_amount":1e300}'), 422, 'validation', '/total_amount'],
  [
    'a total that no JSON number holds exactly',
    json('{"user_id":"u","item_ids":["a"],"total_amount":90071992547409.93}'),
    422,
    'validation',
    '/total_amount',
  ],
  ['a total in words', post('/orders', { ...order, total_amount: 'ten' }), 422, 'validation', '/total_amount'],
  ['a total with a comma', post('/orders', { ...order, total_amount: '10,00' }), 422, 'validation', '/total_amount'],
  ['a total of true', post('/orders', { ...order, total_amount: true }), 422, 'validation', '/total_amount'],
  ['a total of null', post('/orders', { ...order, total_amount: null }), 422, 'validation', '/total_amount'],
  ['an unknown currency', post('/orders', { ...order, currency: 'XYZ' }), 422, 'validation', '/currency'],
  ['a currency in lower case', post('/orders', { ...order, currency: 'usd' }), 422, 'validation', '/currency'],
  ['an unknown field', post('/orders', { ...order, discount: 1 }), 422, 'validation', '/discount'],
  [
    'a field named __proto__',
    json('{"user_id":"u","item_ids":["a"],"total_amount":1,"__proto__":{"a":1}}'),
    422,
    'validation',
    '/__proto__',
  ],
  ['a field with a slash in its name', post('/orders', { ...order, 'a/b~c': 1 }), 422, 'validation', '/a~1b~0c'],
  ['metadata of a number', post('/orders', { ...order, metadata: { a: 1 } }), 422, 'validation', '/metadata/a'],
  [
    '51 pairs of metadata',
    post('/orders', {
      ...order,
      metadata: Object.fromEntries(Array.from({ length: 51 }, (_, nth) => [`k${nth}`, 'v'])),
    }),
    422,
    'validation',
    '/metadata',
  ],
  [
    'an over-long metadata key',
    post('/orders', { ...order, metadata: { ['k'.repeat(101)]: 'v' } }),
    422,
    'validation',
    `/metadata/${'k'.repeat(101)}`,
  ],
  ['an order id that is no UUID', post('/orders', { ...order, order_id: '123' }), 422, 'validation', '/order_id'],
  ['a time that is none', post('/orders', { ...order, occurred_at: 'yesterday' }), 422, 'validation', '/occurred_at'],
  [
    'a day that does not exist',
    post('/orders', { ...order, occurred_at: '2025-02-30T00:00:00Z' }),
    422,
    'validation',
    '/occurred_at',
  ],
  [
    'a time in the future',
    post('/orders', { ...order, occurred_at: '2150-01-01T00:00:00Z' }),
    422,
    'validation',
    '/occurred_at',
  ],
  ['an id that is no UUID', get('/orders/123'), 422, 'validation', '/path/order_id'],
  ['an id that nobody has', get(`/orders/${unknownId}`), 404, 'order-not-found'],
  ['the history of an order that nobody has', get(`/orders/${unknownId}/history`), 404, 'order-not-found'],
  ['a command on an order that nobody has', post(`/orders/${unknownId}/pay`, {}), 404, 'order-not-found'],
  ['a command on an id that is no UUID', post('/orders/123/pay', {}), 422, 'validation', '/path/order_id'],
  ['a payment above what is due', post('/orders/:id/pay', { amount: 10.01 }), 409, 'exceeds-amount-due'],
  ['a payment of 0', post('/orders/:id/pay', { amount: 0 }), 422, 'validation', '/amount'],
  ['a cancellation without a reason', post('/orders/:id/cancel', {}), 422, 'validation', '/reason'],
  ['an over-long reason', post('/orders/:id/cancel', { reason: 'r'.repeat(501) }), 422, 'validation', '/reason'],
  ['an over-long note', post('/orders/:id/note', { text: 'n'.repeat(2_001) }), 422, 'validation', '/text'],
  ['a field that the command does not have', post('/orders/:id/process', { now: true }), 422, 'validation', '/now'],
  [
    'shipping an unknown item',
    post('/orders/:id/ship', { items: [{ item_id: 'z', quantity: 1 }] }),
    409,
    'invalid-transition',
  ],
  ['an If-Match that is no ETag', post('/orders/:id/pay', {}, { 'if-match': '1' }), 400, 'invalid-header'],
  [
    'an over-long Idempotency-Key',
    post('/orders', order, { 'idempotency-key': 'k'.repeat(201) }),
    400,
    'invalid-header',
  ],
  ['an empty Idempotency-Key', post('/orders', order, { 'idempotency-key': '' }), 400, 'invalid-header'],
  ['a Min-Event-Position that is none', get('/orders', { 'min-event-position': 'x' }), 400, 'invalid-header'],
  [
    'a Min-Event-Position of a partition that is not there',
    get('/orders', { 'min-event-position': '99:1' }),
    400,
    'invalid-header',
  ],
  ['an Accept that nothing fits', get('/orders', { accept: 'image/png' }), 406, 'not-acceptable'],
  ['an unknown parameter', get('/orders?colour=red'), 422, 'validation', '/query/colour'],
  ['a parameter twice', get('/orders?limit=1&limit=2'), 422, 'validation', '/query/limit'],
  ['a limit of 0', get('/orders?limit=0'), 422, 'validation', '/query/limit'],
  ['a limit of 201', get('/orders?limit=201'), 422, 'validation', '/query/limit'],
  ['a limit in words', get('/orders?limit=ten'), 422, 'validation', '/query/limit'],
  ['an unknown status', get('/orders?status=lost'), 422, 'validation', '/query/status'],
  ['a placed_from that is no time', get('/orders?placed_from=2025'), 422, 'validation', '/query/placed_from'],
  ['a cursor made up', get('/orders?cursor=abc'), 422, 'invalid-cursor'],
  [
    'a cursor tampered with',
    tamperedCursor((cursor) => `${cursor.slice(0, 20)}A${cursor.slice(21)}`),
    422,
    'invalid-cursor',
  ],
  ['a cursor cut short', tamperedCursor((cursor) => cursor.slice(0, -4)), 422, 'invalid-cursor'],
  ['a cursor of another query', tamperedCursor((cursor) => `${cursor}&status=pending`), 422, 'invalid-cursor'],
  ['an over-long cursor', get(`/orders?cursor=${'a'.repeat(301)}`), 422, 'validation', '/query/cursor'],
  ['a version of 0', get('/orders/:id?version=0'), 422, 'validation', '/query/version'],
  ['a version that the order does not have', get('/orders/:id?version=99'), 404, 'order-version-not-found'],
  ['version and at', get('/orders/:id?version=1&at=2025-01-01T00:00:00Z'), 422, 'validation', '/query'],
  [
    'a range that is not on the hour',
    get('/orders/metrics?from=2025-01-01T00:30:00Z'),
    422,
    'validation',
    '/query/from',
  ],
  ['an unknown interval', get('/orders/metrics?interval=year'), 422, 'validation', '/query/interval'],
  ['metrics of an unknown currency', get('/orders/metrics?currency=XXQ'), 422, 'validation', '/query/currency'],
  ['a path that is not there', get('/nothing'), 404, 'not-found'],
  ['a command that is not there', post('/orders/:id/explode', {}), 404, 'not-found'],
  [
    'a method that the path does not take',
    ({ service }) => call(service, 'DELETE', '/orders'),
    405,
    'method-not-allowed',
  ],
  [
    'PATCH on an order',
    ({ service, orderId }) => call(service, 'PATCH', `/orders/${orderId}`, {}),
    405,
    'method-not-allowed',
  ],
  ['broken percent-encoding', get('/orders/%E0%A4%A'), 422, 'validation', '/path/order_id'],
];

/** Sends bytes as they are; with a content type unless told otherwise. */
function raw(
  { service }: Context,
  body: Buffer,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<Answer> {
  return send(service, headers, (sent) => sent.end(body));
}

function chunked({ service }: Context, text: string): Promise<Answer> {
  return send(service, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }, (sent) =>
    sent.end(text),
  );
}

function send(
  service: { url: string },
  headers: Record<string, string>,
  write: (sent: ReturnType<typeof request>) => void,
): Promise<Answer> {
  const { hostname, port } = new URL(service.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method: 'POST', path: '/orders', headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: new Headers(response.headers as Record<string, string>),
          text,
          body: JSON.parse(text),
        }),
      );
    });
    sent.on('error', reject);
    write(sent);
  });
}

function tamperedCursor(tamper: (cursor: string) => string) {
  return async ({ service }: Context) => {
    const { body } = await call(service, 'GET', '/orders?limit=1');
    return call(service, 'GET', `/orders?limit=1&cursor=${tamper(body.next_cursor)}`);
  };
}

describe('bad input', () => {
  const service = useService();
  const context: Context = { service, orderId: '' };
  before(async () => {
    for (let nth = 0; nth < 3; nth += 1) {
      const { body } = await call(context.service, 'POST', '/orders', order, { prefer: 'wait=5' });
      context.orderId = body.order_id;
    }
  });
  const events = async () =>
    (await service.log.owner.query('select count(*)::int as n from events')).rows[0].n as number;

  for (const [what, send, status, type, pointer] of table) {
    it(`${what}: ${status} ${type}`, async () => {
      const before = await events();
      const answer = await send(context);
      expect([answer.status, answer.body?.type], answer.text).to.deep.equal([status, `/problems/${type}`]);
      expect(answer.headers.get('content-type')).to.match(/^application\/problem\+json/);
      expect(answer.body).to.include.keys('title', 'detail', 'instance', 'request_id');
      expect(answer.text).not.to.match(/\bat .*\.(js|ts):|node_modules/);
      if (pointer !== undefined)
        expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).to.include(pointer);
      if (status === 405) expect(answer.headers.get('allow')).to.match(/GET/);
      expect(await events(), 'nothing was changed').to.equal(before);
    });
  }

  it('what is no HTTP at all closes the connection, and the service goes on', async () => {
    const { hostname, port } = new URL(context.service.url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.write('\x16\x03\x01 hello\r\n\r\n'));
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString();
      });
      socket.on('close', () => resolve(text));
    });
    expect(answer).to.match(/^HTTP\/1\.1 400/);
    expect((await call(context.service, 'GET', '/health/live')).status).to.equal(200);
  });
});
