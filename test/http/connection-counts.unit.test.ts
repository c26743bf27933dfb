import { expect } from 'chai';
import { ConnectionCounts } from '../../src/http/connection-counts.js';
import { createClientAddresses } from '../../src/http/request/client-address.js';

describe('ConnectionCounts', () => {
  it('all addresses of an IPv6 network are one client, and a proxy may open any number of connections', () => {
    const counts = new ConnectionCounts(createClientAddresses(['10.0.0.1']), 3);
    const opened = Array.from({ length: 5 }, (_, nth) => counts.open(`2001:db8:0:1::${nth}`));
    expect(opened.map(({ isTooMany }) => isTooMany)).to.deep.equal([false, false, false, true, true]);
    expect(counts.open('2001:db8:0:2::1').isTooMany, 'another network').to.equal(false);
    for (const { close } of opened) close();
    expect(counts.open('2001:db8:0:1::9').isTooMany, 'after they were closed').to.equal(false);
    const ofProxy = Array.from({ length: 5 }, () => counts.open('10.0.0.1').isTooMany);
    expect(ofProxy).to.not.include(true);
    const mapped = ['192.0.2.1', '::ffff:192.0.2.1', '192.0.2.1', '::ffff:192.0.2.1'];
    expect(mapped.map((address) => counts.open(address).isTooMany)).to.deep.equal([false, false, false, true]);
  });
});
