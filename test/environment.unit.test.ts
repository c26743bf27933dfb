import { expect } from 'chai';
import { hostUrls, url } from '../src/environment.js';

describe('A URL that names several hosts', () => {
  it('is one URL per host, with user, path and parameters', () => {
    expect(hostUrls('postgresql://u:p%2C@a:1,b,[::1]:3/orders?x=1,2')).to.deep.equal([
      'postgresql://u:p%2C@a:1/orders?x=1,2',
      'postgresql://u:p%2C@b/orders?x=1,2',
      'postgresql://u:p%2C@[::1]:3/orders?x=1,2',
    ]);
    for (const one of ['postgresql://a/b?hosts=x,y', 'redis://u:a,b@c:1/0', 'postgresql:///orders'])
      expect(hostUrls(one)).to.deep.equal([one]);
  });

  it('is accepted as a configuration if each of its hosts is', () => {
    const read = (text: string) => url({ U: text }, 'U', ['postgresql:']);
    expect(read('postgresql://a:1,b:2/c')).to.equal('postgresql://a:1,b:2/c');
    expect(() => read('postgresql://a:1,b:x/c')).to.throw(/must be a URL/);
  });
});
