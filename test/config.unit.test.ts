import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { readConfig } from '../src/config.js';
import { projectPath } from '../src/project-path.js';

describe('the configuration', () => {
  const wrong: [Record<string, string>, RegExp][] = [
    [{ PORT: 'abc' }, /^PORT has to be a whole number/],
    [{ PORT: '70000' }, /^PORT .* 0 to 65535/],
    [{ DATABASE_URL: 'mysql://u:secret@h/db' }, /^DATABASE_URL has to be a URL/],
    [{ DATABASE_URL: 'nonsense' }, /^DATABASE_URL/],
    [{ REDIS_URL: 'http://h' }, /^REDIS_URL/],
    [{ ORDERS_ROLES: 'api,cook' }, /^ORDERS_ROLES/],
    [{ ORDERS_PARTITIONS: '0' }, /^ORDERS_PARTITIONS/],
    [{ ORDERS_DEFAULT_CURRENCY: 'usd' }, /^ORDERS_DEFAULT_CURRENCY/],
    [{ ORDERS_PG_POOL_SIZE: '1' }, /^ORDERS_PG_POOL_SIZE/],
    [{ ORDERS_SHUTDOWN_TIMEOUT_MS: '-1' }, /^ORDERS_SHUTDOWN_TIMEOUT_MS/],
    [{ LOG_LEVEL: 'loud' }, /^LOG_LEVEL/],
    [{ HOST: '0.0.0.0' }, /^HOST is 0\.0\.0\.0/],
    [{ HOST: '0.0.0.0', ORDERS_AUTH: 'none' }, /^HOST is 0\.0\.0\.0/],
    [{ ORDERS_AUTH: 'maybe' }, /^ORDERS_AUTH/],
    [{ ORDERS_JWKS_URL: 'http://issuer.example/jwks' }, /^ORDERS_JWKS_URL has to be an https URL/],
    [{ ORDERS_JWKS_URL: 'https://issuer.example/jwks' }, /^ORDERS_JWT_ISSUER/],
    [
      {
        ORDERS_JWT_ALGORITHMS: 'HS256',
        ORDERS_JWKS_URL: 'https://i.example',
        ORDERS_JWT_ISSUER: 'i',
        ORDERS_JWT_AUDIENCE: 'a',
      },
      /^ORDERS_JWT_ALGORITHMS has to be of RS256/,
    ],
    [{ ORDERS_CORS_ORIGINS: 'https://shop.example/' }, /^ORDERS_CORS_ORIGINS/],
    [{ ORDERS_RATE_LIMIT_PER_MINUTE: 'many' }, /^ORDERS_RATE_LIMIT_PER_MINUTE/],
  ];
  for (const [env, message] of wrong) {
    it(`names what is wrong with ${Object.keys(env)[0]}=${Object.values(env)[0]}, and repeats no secret`, () => {
      expect(() => readConfig(env))
        .to.throw(message)
        .and.not.match(/secret/);
    });
  }

  it('listens elsewhere than on loopback only with access control', () => {
    expect(readConfig({ HOST: '0.0.0.0', ORDERS_AUTH: 'required' }).host).to.equal('0.0.0.0');
    expect(readConfig({ HOST: '127.0.0.5' }).host).to.equal('127.0.0.5');
  });

  it('has a line in .env.example for every variable', () => {
    const source = readFileSync(projectPath('src/config.ts'), 'utf8');
    const variables = new Set(
      [...source.matchAll(/(?:env\.|env, '|required\(')([A-Z][A-Z_]+)/g)].map(([, name]) => name),
    );
    const example = readFileSync(projectPath('.env.example'), 'utf8');
    const listed = [...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(listed.toSorted()).to.deep.equal([...variables].toSorted());
    // Each has a line of explanation right above its group, and the example itself is valid.
    expect(
      readConfig(
        Object.fromEntries([...example.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value])),
      ).port,
    ).to.equal(3000);
  });
});
