import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { HeaderListResponse } from '../../../src/http/response/header-list-response.js';

/** The response that a client receives if the server makes it with `make`. */
async function received(make: (response: ServerResponse, request: IncomingMessage) => void): Promise<Response> {
  const server = createServer<typeof IncomingMessage, typeof ServerResponse>(
    { ServerResponse: HeaderListResponse },
    (request, response) => make(response, request),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
  }
}

describe('A response with a list of headers', () => {
  it('a response has the security headers, whether its headers are set one by one or at once', async () => {
    const plain = await received((response) => response.end('a'));
    const atOnce = await received((response) => response.writeHead(503, { 'Retry-After': '1' }).end('b'));
    for (const { headers } of [plain, atOnce]) {
      expect(headers.get('x-content-type-options')).to.equal('nosniff');
      expect(headers.get('content-security-policy')).to.include("default-src 'none'");
    }
    expect([atOnce.status, atOnce.headers.get('retry-after')]).to.deep.equal([503, '1']);
  });

  it('a response has each header once, with its last value, in any case of its name', async () => {
    const { headers } = await received((response) => {
      response
        .setHeader('ETag', '"1"')
        .setHeader('x-frame-options', 'SAMEORIGIN')
        .setHeader('Set-Cookie', ['a=1', 'b=2']);
      response.setHeader('etag', '"2"');
      expect(response.getHeader('ETAG')).to.equal('"2"');
      expect(response.hasHeader('Etag')).to.equal(true);
      expect(response.getHeaderNames()).to.include.members(['etag', 'x-frame-options']);
      expect(response.getHeaders()).to.include({ etag: '"2"', 'x-frame-options': 'SAMEORIGIN' });
      response.removeHeader('referrer-POLICY');
      response.writeHead(200, 'Fine', { ETag: '"3"' }).end();
    });
    expect(headers.get('etag')).to.equal('"3"');
    expect(headers.get('x-frame-options')).to.equal('SAMEORIGIN');
    expect(headers.getSetCookie()).to.deep.equal(['a=1', 'b=2']);
    expect(headers.has('referrer-policy')).to.equal(false);
  });

  it('a response accepts a list of headers, in which form Node itself makes responses', async () => {
    const { status, headers } = await received((response) => {
      response.setHeader('ETag', '"1"');
      response.writeHead(400, ['etag', '"2"', 'Retry-After', '1']).end();
    });
    expect([status, headers.get('etag'), headers.get('retry-after')]).to.deep.equal([400, '"2"', '1']);
    expect(headers.get('x-content-type-options')).to.equal('nosniff');
  });

  it('a response accepts no header that contains a line break, and none after its headers were sent', async () => {
    await received((response) => {
      response.setHeader('X-Bad', 'a\r\nX-Other: b');
      expect(() => response.writeHead(200)).to.throw('Invalid character in header content');
      response.removeHeader('X-Bad');
      response.flushHeaders();
      expect(() => response.setHeader('ETag', '"1"')).to.throw('after they are sent');
      response.end();
    });
  });
});
