import { expect } from 'chai';
import { redisAddress } from '../../../src/read-models/redis/redis-url.js';

describe('The URL of Redis', () => {
  it('that begins with redis or rediss names one server', () => {
    for (const url of ['redis://u:p@h:1/2', 'rediss://h'])
      expect(redisAddress(url)).to.deep.equal({ kind: 'server', url });
  });

  it('of sentinels names them, the primary, and the users of both', () => {
    expect(redisAddress('redis-sentinel://u:p%40@a,b:2/main?db=3&sentinelUsername=s&sentinelPassword=t')).to.deep.equal(
      {
        kind: 'sentinel',
        options: {
          username: 'u',
          password: 'p@',
          sentinels: [
            { host: 'a', port: 26_379 },
            { host: 'b', port: 2 },
          ],
          name: 'main',
          db: 3,
          sentinelUsername: 's',
          sentinelPassword: 't',
        },
      },
    );
    expect(() => redisAddress('redis-sentinel://a:1')).to.throw(/name of the primary/);
  });

  it('of a cluster names some of its nodes', () => {
    expect(redisAddress('redis-cluster://:p@a:1,[::1]')).to.deep.equal({
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 1 },
        { host: '::1', port: 6_379 },
      ],
      options: { password: 'p' },
    });
  });

  it('asks for TLS, also of the sentinels', () => {
    expect(redisAddress('rediss-cluster://a')).to.deep.include({ options: { tls: {} } });
    const { options } = redisAddress('rediss-sentinel://a/main') as { options: object };
    expect(options).to.deep.include({ tls: {}, enableTLSForSentinelMode: true, sentinelTLS: {} });
  });
});
