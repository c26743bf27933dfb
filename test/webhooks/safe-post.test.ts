import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { expect } from 'chai';
import { retryDelayMs } from '../../src/webhooks/attempt.js';
import { describeConnectionError } from '../../src/webhooks/connection-error.js';
import { webhookLimits as limits } from '../../src/webhooks/limits.js';
import {
  AddressRefused,
  addressProblem,
  createSafePost,
  isPublic,
  type ResolveAll,
} from '../../src/webhooks/safe-post.js';
import { startReceiver } from '../support/receiver.js';
import { eventually } from '../support/servers.js';

describe('createSafePost', () => {
  for (const address of [
    ...[
      '127.0.0.1',
      '127.9.9.9',
      '10.0.0.1',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '169.254.169.254',
      '0.0.0.0',
    ],
    ...['100.64.0.1', '192.0.2.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', '240.0.0.1'],
    ...[
      '::1',
      '::',
      'fe80::1',
      'fc00::1',
      'fd12::1',
      'ff02::1',
      '::ffff:127.0.0.1',
      '::ffff:10.0.0.1',
      '64:ff9b::a00:1',
    ],
    ...['2002:7f00:1::', '2001:db8::1', '::7f00:1', '::a00:1', '64:ff9b:1::a00:1', 'fec0::1', '4000::1', '5f00::1'],
    'not an address',
  ]) {
    it(`the address ${address} is not public`, () => expect(isPublic(address)).to.equal(false));
  }
  for (const address of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700:4700::1111', '::ffff:8.8.8.8']) {
    it(`the address ${address} is public`, () => expect(isPublic(address)).to.equal(true));
  }
  for (const url of [
    ...['http://shop.example/', 'ftp://shop.example/', 'https://user:secret@shop.example/', 'https://shop.example/#x'],
    ...['https://127.0.0.1/', 'https://2130706433/', 'https://0x7f.1/', 'https://[::1]/', 'https://[::ffff:7f00:1]/'],
    ...['https://localhost/', 'https://a.LOCALHOST./', 'https://169.254.169.254/latest/meta-data', 'nonsense'],
  ]) {
    it(`the URL ${url} is rejected`, () => expect(addressProblem(url, false)).to.be.a('string'));
  }
  it('the URL https://shop.example:8443/hooks?x=1 is accepted', () =>
    expect(addressProblem('https://shop.example:8443/hooks?x=1', false)).to.equal(undefined));

  /** A name server that returns these lists of addresses, one after the other. */
  const resolvingTo =
    (...lists: string[][]): ResolveAll =>
    (_, __, callback) => {
      callback(
        null,
        (lists.shift() ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    };
  const errorOf = async (post: ReturnType<typeof createSafePost>) =>
    post.post('https://shop.example/', {}, '{}').catch((error: Error) => error);

  it('a name is not called if any of its addresses is not public, or if it has none', async () => {
    const post = createSafePost(false, resolvingTo(['10.0.0.7'], ['93.184.216.34', '127.0.0.1'], []));
    for (let nth = 0; nth < 3; nth += 1) expect(await errorOf(post)).to.be.instanceOf(AddressRefused);
    post.close();
  });

  it('a name is resolved once per connection, so that the checked address is the one that is called', async () => {
    // A second look-up could be a DNS rebinding.
    const receiver = await startReceiver();
    const { port } = new URL(receiver.url);
    let lookups = 0;
    const fake: ResolveAll = (_, __, callback) => {
      lookups += 1;
      callback(null, [{ address: '127.0.0.1', family: 4 }]);
    };
    const post = createSafePost(true, fake);
    const body = JSON.stringify({ data: {} });
    expect((await post.post(`http://shop.example:${port}/`, {}, body)).status).to.equal(204);
    expect((await post.post(`http://shop.example:${port}/`, {}, body)).status).to.equal(204);
    expect(lookups).to.equal(1);
    post.close();
    receiver.stop();
  });

  it('a response is judged by its status line, even if its body never ends', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200);
      response.write('so far');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const post = createSafePost(true);
    expect((await post.post(`http://127.0.0.1:${port}/`, {}, '{}')).status).to.equal(200);
    post.close();
    server.closeAllConnections();
    server.close();
  });

  it('an attempt ends with the status line, or with an error in words, whatever the receiver sends', async () => {
    const responses: [sent: string, outcome: number | string][] = [
      ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n', 101],
      ['HTTP/1.1 101 Switching Protocols\r\n\r\n', 101],
      ['HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n', 204],
      ['', 'the connection was closed before a response arrived'],
      ['HTTP/1.1 20', 'the connection was closed before a response arrived'],
      ['SSH-2.0-OpenSSH_9.2\r\n', 'the response is not valid HTTP/1.1'],
      [`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(70_000)}\r\n\r\n`, 'the headers of the response are too long'],
    ];
    for (const [sent, outcome] of responses) {
      const server = createTcpServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end(sent));
      }).unref();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const post = createSafePost(true);
      const ended = await post
        .post(`http://127.0.0.1:${port}/`, {}, '{}')
        .then(({ status }) => status)
        .catch(describeConnectionError);
      expect(ended, JSON.stringify(sent.slice(0, 100))).to.equal(outcome);
      post.close();
      server.close();
    }
  });

  it('a URL is called whatever the case of its scheme, and an HTTP port that is called by HTTPS says so', async () => {
    const receiver = await startReceiver();
    const { host } = new URL(receiver.url);
    const post = createSafePost(true);
    const body = JSON.stringify({ data: {} });
    expect((await post.post(`HTTP://${host}/`, {}, body)).status).to.equal(204);
    const error = await post.post(`HTTPS://${host}/`, {}, body).catch(describeConnectionError);
    expect(error).to.equal('the TLS handshake failed');
    post.close();
    receiver.stop();
  });

  it('an attempt does not wait for a connection while other attempts to the same host are in flight', async () => {
    const unanswered: (() => void)[] = [];
    const server = createServer((request, response) => {
      if (request.url === '/fast') response.writeHead(204).end();
      else unanswered.push(() => response.writeHead(204).end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const post = createSafePost(true);
    const slow = Array.from({ length: 3 * limits.maxInFlightPerWebhook }, () =>
      post.post(`http://127.0.0.1:${port}/slow`, {}, '{}'),
    );
    expect((await post.post(`http://127.0.0.1:${port}/fast`, {}, '{}')).status).to.equal(204);
    await eventually('all attempts to arrive', () => unanswered.length === slow.length);
    for (const respond of unanswered) respond();
    await Promise.all(slow);
    post.close();
    server.close();
  });
});

describe('retryDelayMs', () => {
  it('the waits between attempts double, with jitter, up to an hour, and respect Retry-After', () => {
    const waits = Array.from({ length: 20 }, (_, nth) => [
      retryDelayMs(nth + 1, undefined, () => 0),
      retryDelayMs(nth + 1, undefined, () => 1),
    ]);
    for (const [nth, [shortest = 0, longest = 0]] of waits.entries()) {
      expect(longest).to.equal(Math.min(limits.minRetryDelayMs * 2 ** nth, limits.maxRetryDelayMs));
      expect(shortest).to.equal(Math.round(longest / 2));
    }
    expect(retryDelayMs(1, 60_000, () => 0)).to.equal(60_000);
    expect(
      retryDelayMs(1, 1e9, () => 0),
      'Retry-After of more than an hour',
    ).to.equal(limits.maxRetryDelayMs);
  });
});
