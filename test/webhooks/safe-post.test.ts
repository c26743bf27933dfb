import { expect } from 'chai';
import { retryDelayMs } from '../../src/webhooks/attempt.js';
import { webhookLimits as limits } from '../../src/webhooks/limits.js';
import {
  AddressRefused,
  addressProblem,
  createSafePost,
  isPublic,
  type ResolveAll,
} from '../../src/webhooks/safe-post.js';
import { startReceiver } from '../support/receiver.js';

describe('a webhook’s address', () => {
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
    ...['2002:7f00:1::', '2001:db8::1', 'not an address'],
  ]) {
    it(`in a private or special network is refused: ${address}`, () => expect(isPublic(address)).to.equal(false));
  }
  for (const address of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700:4700::1111', '::ffff:8.8.8.8']) {
    it(`on the internet is taken: ${address}`, () => expect(isPublic(address)).to.equal(true));
  }
  for (const url of [
    ...['http://shop.example/', 'ftp://shop.example/', 'https://user:secret@shop.example/', 'https://shop.example/#x'],
    ...['https://127.0.0.1/', 'https://2130706433/', 'https://0x7f.1/', 'https://[::1]/', 'https://[::ffff:7f00:1]/'],
    ...['https://localhost/', 'https://a.LOCALHOST./', 'https://169.254.169.254/latest/meta-data', 'nonsense'],
  ]) {
    it(`is not subscribed: ${url}`, () => expect(addressProblem(url, false)).to.be.a('string'));
  }
  it('is subscribed: https://shop.example:8443/hooks?x=1', () =>
    expect(addressProblem('https://shop.example:8443/hooks?x=1', false)).to.equal(undefined));

  /** A name server that answers with these addresses, one list after the other. */
  const answering =
    (...answers: string[][]): ResolveAll =>
    (_, __, callback) => {
      callback(
        null,
        (answers.shift() ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    };
  const refusal = async (post: ReturnType<typeof createSafePost>) =>
    post.post('https://shop.example/', {}, '{}').catch((error: Error) => error);

  it('whose name leads into a private network is refused when it is called, also where only one of its addresses does', async () => {
    const post = createSafePost(false, answering(['10.0.0.7'], ['93.184.216.34', '127.0.0.1'], []));
    for (let nth = 0; nth < 3; nth += 1) expect(await refusal(post)).to.be.instanceOf(AddressRefused);
    post.close();
  });

  it('is looked up once for each connection: the address that was checked is the one that is called', async () => {
    // The second answer would be a rebinding; nobody asks for it.
    const receiver = await startReceiver();
    const { port } = new URL(receiver.url);
    let asked = 0;
    const fake: ResolveAll = (_, __, callback) => {
      asked += 1;
      callback(null, [{ address: '127.0.0.1', family: 4 }]);
    };
    const post = createSafePost(true, fake);
    const body = JSON.stringify({ data: {} });
    expect((await post.post(`http://shop.example:${port}/`, {}, body)).status).to.equal(204);
    expect((await post.post(`http://shop.example:${port}/`, {}, body)).status).to.equal(204);
    expect(asked).to.equal(1);
    post.close();
    receiver.stop();
  });
});

describe('the waits between attempts', () => {
  it('double, with jitter, up to an hour, and are not shorter than the receiver asks for', () => {
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
      'but never longer than the longest',
    ).to.equal(limits.maxRetryDelayMs);
  });
});
