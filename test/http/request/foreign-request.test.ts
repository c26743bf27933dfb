import { request } from 'node:http';
import { expect } from 'chai';
import { foreignReason } from '../../../src/http/request/foreign-request.js';
import { useService } from '../../support/service.js';

describe('A request that a web site makes a browser on this machine send', () => {
  const open = useService({ ORDERS_CORS_ORIGINS: 'https://shop.example', LOG_LEVEL: 'silent' });
  const controlled = useService({ ORDERS_AUTH: 'required', LOG_LEVEL: 'silent' });

  /** Sends a request without a body, which needs no permission by CORS. `fetch` sets no Host. */
  const send = (service: { url: string }, method: string, path: string, headers: Record<string, string>) =>
    new Promise<{ status: number; type: string | undefined }>((resolve, reject) => {
      const sent = request(service.url + path, { method, headers }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on('end', () => {
          const type = response.headers['content-type']?.includes('problem') ? JSON.parse(text).type : undefined;
          resolve({ status: response.statusCode ?? 0, type });
        });
      });
      sent.on('error', reject).end();
    });
  const refused = { status: 403, type: '/problems/foreign-request' };

  it('to a name that it lets lead here (DNS rebinding) is rejected while access control is off', async () => {
    for (const path of ['/orders', '/', '/health/ready', '/metrics', '/openapi.json', '/nothing']) {
      expect(await send(open, 'GET', path, { host: 'evil.example:3000' }), path).to.deep.equal(refused);
    }
    const stream = { host: 'evil.example', accept: 'text/event-stream' };
    expect(await send(open, 'GET', '/orders/stream', stream)).to.deep.equal(refused);
    const { port } = new URL(open.url);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, 'orders.localhost']) {
      expect((await send(open, 'GET', '/orders', { host })).status, host).to.equal(200);
    }
  });

  it('that changes something from another origin (CSRF) is rejected while access control is off', async () => {
    const { host } = new URL(open.url);
    const unknown = '/orders/00000000-0000-4000-8000-000000000000/process';
    const command = (headers: Record<string, string>) => send(open, 'POST', unknown, { host, ...headers });
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:1' },
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:1' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      expect(await command(headers as Record<string, string>), JSON.stringify(headers)).to.deep.equal(refused);
    }
    for (const headers of [
      {},
      { origin: open.url },
      { 'sec-fetch-site': 'same-origin', origin: open.url },
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'cross-site', origin: 'https://shop.example' },
    ]) {
      expect((await command(headers as Record<string, string>)).type, JSON.stringify(headers)).to.equal(
        '/problems/order-not-found',
      );
    }
  });

  it('finds nothing without a key while access control is on, whatever the name of the service', async () => {
    const foreign = { host: 'orders.example', origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await send(controlled, 'GET', '/health/live', foreign)).status).to.equal(200);
    expect((await send(controlled, 'POST', '/projections/metrics/rebuild', foreign)).status).to.equal(401);
  });

  it('is malformed if its Host has an invalid value, whether access control is on or off', async () => {
    const malformed = { status: 400, type: '/problems/malformed-request' };
    const names = ['a b', 'a/b', 'a?b', 'a#b', 'user@localhost', 'a\\b', '"a"', 'a%2', '<a>', 'b\u00fccher'];
    const addresses = ['[::1', '::1', '[localhost]', '[]', '[::1]x', '[::1]:x', 'localhost:x', 'localhost:80:80'];
    const sound = ['LOCALHOST', 'localhost:', 'my_orders-1:3000', '127.0.0.1', '[::1]:3000', '%6corders', ''];
    for (const service of [open, controlled]) {
      for (const host of [...names, ...addresses]) {
        expect(await send(service, 'GET', '/health/live', { host }), host).to.deep.equal(malformed);
      }
      for (const host of sound) {
        const { type } = await send(service, 'GET', '/health/live', { host });
        expect(type, host).not.to.equal(malformed.type);
      }
    }
  });

  it('is foreign if its Host may be the name of a web site', () => {
    for (const host of [
      ...['localhost.evil.example', 'evil.example.', '127.0.0.1.evil.example', '127.0.0.1:80:80'],
      ...['localhost@evil.example', '[evil.example]', 'evil.internal.example', 'b\u00fccher'],
    ]) {
      expect(foreignReason('GET', { host }, []), host).to.be.a('string');
    }
  });

  it('is not foreign if no web site can have its Host', () => {
    const names = ['LOCALHOST', 'localhost.', 'orders', 'my_orders-1:3000', 'host.docker.internal', ''];
    for (const host of [...names, '127.0.0.2', '10.0.0.1:3000', '0.0.0.0', '[::1]:3000', '[fe80::1]']) {
      expect(foreignReason('GET', { host }, []), host).to.equal(undefined);
    }
    // A client that speaks HTTP/1.0.
    expect(foreignReason('POST', {}, [])).to.equal(undefined);
  });
});
