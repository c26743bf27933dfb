import { expect } from 'chai';
import { type AddressedRequest, createClientAddresses } from '../../../src/http/request/client-address.js';

function request(remoteAddress: string, forwarded?: string): AddressedRequest {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  return { socket: { remoteAddress }, headers };
}

describe('The address of a client', () => {
  const addresses = createClientAddresses(['loopback', '10.0.0.0/8']);
  const behindProxy = (forwarded: string) => addresses.of(request('127.0.0.1', forwarded));

  const same: [what: string, form: string, others: string[]][] = [
    [
      'an IPv4 address',
      '203.0.113.5',
      ['203.0.113.5:4711', '"203.0.113.5:80"', '::ffff:203.0.113.5', '[::ffff:cb00:7105]:1'],
    ],
    [
      'an IPv6 network',
      '2001:db8:1:2::/64',
      ['2001:db8:1:2::1', '[2001:db8:1:2:a:b:c:d]:443', '[2001:DB8:1:2::9]', '2001:db8:1:2::1%eth0'],
    ],
  ];
  for (const [what, form, others] of same) {
    it(`${what} is one caller, however a proxy writes it`, () => {
      for (const other of others) expect(behindProxy(other), other).to.equal(form);
    });
  }

  it('the address before the trusted proxies counts, whatever the client wrote further left', () => {
    expect(behindProxy('garbage, 198.51.100.1, 203.0.113.9, 10.1.1.1')).to.equal('203.0.113.9');
    expect(behindProxy('10.1.1.1')).to.equal('10.1.1.1');
    expect(behindProxy('203.0.113.9,')).to.equal('203.0.113.9');
    expect(behindProxy('')).to.equal('127.0.0.1');
  });

  for (const garbage of ['unknown', '1', '203.0.113', '203.0.113.5:99999x', '[::1', 'a:b', '203.0.113.256']) {
    it(`an address that is none is refused instead of counted by itself: ${garbage}`, () => {
      expect(() => behindProxy(garbage)).to.throw(/X-Forwarded-For must hold IP addresses/);
    });
  }

  it('X-Forwarded-For of a client that is no trusted proxy is ignored', () => {
    expect(addresses.of(request('203.0.113.7', 'garbage'))).to.equal('203.0.113.7');
    expect(addresses.of(request('::ffff:203.0.113.7'))).to.equal('203.0.113.7');
  });

  it('the length of the prefix of IPv6 networks is configurable', () => {
    const wide = createClientAddresses([], 48);
    expect(wide.of(request('2001:db8:1:2::1'))).to.equal('2001:db8:1::/48');
    expect(createClientAddresses([], 128).of(request('2001:db8::1'))).to.equal('2001:db8::1/128');
  });
});
