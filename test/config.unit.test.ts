import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { readConfig } from '../src/config.js';
import { knownVariables } from '../src/known-variables.js';
import { projectPath } from '../src/project-path.js';

describe('the configuration', () => {
  const wrong: [Record<string, string>, RegExp][] = [
    [{ PORT: 'abc' }, /^PORT must be a whole number/],
    [{ PORT: '70000' }, /^PORT .* 0 to 65535/],
    [{ DATABASE_URL: 'mysql://u:secret@h/db' }, /^DATABASE_URL must be a URL/],
    [{ DATABASE_URL: 'nonsense' }, /^DATABASE_URL/],
    [{ DATABASE_DIRECT_URL: 'postgres://u:secret@h/db' }, /^DATABASE_DIRECT_URL needs DATABASE_URL/],
    [{ ORDERS_DB_ROLE: 'pg_shop' }, /^ORDERS_DB_ROLE must be/],
    [{ ORDERS_DB_ROLE: 'shop"; drop' }, /^ORDERS_DB_ROLE must be/],
    [{ REDIS_URL: 'http://h' }, /^REDIS_URL/],
    [{ ORDERS_ROLES: 'api,cook' }, /^ORDERS_ROLES must be one or more of api, projector/],
    [{ ORDERS_PARTITIONS: '0' }, /^ORDERS_PARTITIONS/],
    [{ ORDERS_DEFAULT_CURRENCY: 'usd' }, /^ORDERS_DEFAULT_CURRENCY/],
    [{ ORDERS_TIME_ZONE: 'Europe/Nowhere' }, /^ORDERS_TIME_ZONE/],
    [{ ORDERS_PG_POOL_SIZE: '1' }, /^ORDERS_PG_POOL_SIZE/],
    [{ ORDERS_SHUTDOWN_TIMEOUT_MS: '-1' }, /^ORDERS_SHUTDOWN_TIMEOUT_MS/],
    [{ LOG_LEVEL: 'loud' }, /^LOG_LEVEL must be trace, .* or silent/],
    [{ HOST: '0.0.0.0' }, /^HOST is 0\.0\.0\.0/],
    [{ HOST: '0.0.0.0', ORDERS_AUTH: 'none' }, /^HOST is 0\.0\.0\.0/],
    [{ ORDERS_AUTH: 'maybe' }, /^ORDERS_AUTH must be none or required/],
    [{ ORDERS_AUTH: '' }, /^ORDERS_AUTH is set, but empty, and access control is off/],
    [{ ORDERS_JWKS_URL: '' }, /^ORDERS_JWKS_URL is set, but empty, and access control is off/],
    [{ ORDERS_AUTH: 'none', ...tokenVariables() }, /^ORDERS_AUTH is none/],
    [{ ORDERS_JWKS_URL: 'http://issuer.example/jwks' }, /^ORDERS_JWKS_URL must be an https URL/],
    [{ ORDERS_JWKS_URL: 'https://issuer.example/jwks' }, /^ORDERS_JWT_ISSUER/],
    [{ ORDERS_JWT_ALGORITHMS: 'HS256', ...tokenVariables() }, /^ORDERS_JWT_ALGORITHMS must be one or more of RS256/],
    [{ ORDERS_JWT_ISSUER: 'https://issuer.example' }, /^ORDERS_JWT_ISSUER is set, but ORDERS_JWKS_URL is not/],
    [{ ORDERS_JWT_SCOPE_MAP: 'clerk', ...tokenVariables() }, /^ORDERS_JWT_SCOPE_MAP must be like/],
    [{ ORDERS_JWT_SCOPE_MAP: 'a=orders:wirte', ...tokenVariables() }, /^ORDERS_JWT_SCOPE_MAP names "orders:wirte"/],
    [{ ORDERS_TRUSTED_PROXIES: 'loopback, proxy' }, /^ORDERS_TRUSTED_PROXIES must be addresses or CIDR ranges/],
    [{ ORDERS_TRUSTED_PROXIES: '1' }, /^ORDERS_TRUSTED_PROXIES must be addresses .* not "1"/],
    [{ ORDERS_TRUSTED_PROXIES: '10.0.0.0/8,10.0.0.0/99' }, /^ORDERS_TRUSTED_PROXIES .* not "10.0.0.0\/99"/],
    [{ ORDERS_ROLES: ',' }, /^ORDERS_ROLES has only commas or spaces/],
    [{ ORDERS_JWT_ALGORITHMS: ' , ', ...tokenVariables() }, /^ORDERS_JWT_ALGORITHMS has only commas or spaces/],
    [{ ...tokenVariables(), ORDERS_JWT_AUDIENCE: ',' }, /^ORDERS_JWT_AUDIENCE has only commas or spaces/],
    [{ ORDERS_JWKS_KEEP_SECONDS: '1', ...tokenVariables() }, /^ORDERS_JWKS_KEEP_SECONDS/],
    [{ ORDERS_CORS_ORIGINS: 'https://shop.example/' }, /^ORDERS_CORS_ORIGINS/],
    [{ ORDERS_RATE_LIMIT_PER_MINUTE: 'many' }, /^ORDERS_RATE_LIMIT_PER_MINUTE/],
  ];
  for (const [env, message] of wrong) {
    const [[name, value] = []] = Object.entries(env);
    it(`rejects ${name}=${value} with a message that names the variable and repeats no secret`, () => {
      expect(() => readConfig(env))
        .to.throw(message)
        .and.not.match(/secret/);
    });
  }

  it('accepts an address other than loopback only with access control', () => {
    expect(readConfig({ HOST: '0.0.0.0', ORDERS_AUTH: 'required' }).host).to.equal('0.0.0.0');
    expect(readConfig({ HOST: '127.0.0.5' }).host).to.equal('127.0.0.5');
  });

  it('takes an empty variable of access control as not set if another one says what is meant', () => {
    expect(readConfig({ ORDERS_AUTH: 'none', ORDERS_JWKS_URL: '' }).authRequired).to.equal(false);
    expect(readConfig({ ORDERS_AUTH: 'required', ORDERS_JWKS_URL: '' }).authRequired).to.equal(true);
    expect(readConfig({ ...tokenVariables(), ORDERS_AUTH: '' }).authRequired).to.equal(true);
  });

  it('turns access control and the rate limit on when a token issuer is configured', () => {
    const { authRequired, requestsPerMinute, tokens } = readConfig(tokenVariables());
    expect([authRequired, requestsPerMinute]).to.deep.equal([true, 60_000]);
    expect(tokens?.algorithms).to.deep.equal(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519']);
  });

  it('has every variable in .env.example, with its explanation and its default', () => {
    const source = ['src/config.ts', 'src/config/token-config.ts', 'src/cli/commands/call-api.ts']
      .map((file) => readFileSync(projectPath(file), 'utf8'))
      .join('\n');
    const variables = new Set(
      [...source.matchAll(/(?:env\.|env, '|required\(')([A-Z][A-Z_]+)/g)].map(([, name]) => name),
    );
    expect(knownVariables.toSorted(), 'the variables that are known').to.deep.equal([...variables].toSorted());
    const example = readFileSync(projectPath('.env.example'), 'utf8');
    const listed = [...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(listed.toSorted()).to.deep.equal([...variables].toSorted());
    const explained = [...example.matchAll(/^# .*\n([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(explained, 'a comment right above each variable').to.deep.equal(listed);
    const values = [...example.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]);
    expect(readConfig(Object.fromEntries(values)), 'the values are the defaults').to.deep.equal(readConfig({}));
  });

  it('the sign-in of the console needs an issuer, and allows calls to its origin alone', () => {
    const console = { ...tokenVariables(), ORDERS_CONSOLE_CLIENT_ID: 'orders-console' };
    expect(readConfig(tokenVariables()).tokens?.signIn).to.equal(undefined);
    expect(readConfig(console).tokens?.signIn).to.deep.equal({
      issuer: 'https://issuer.example',
      clientId: 'orders-console',
      scope: 'openid',
      audience: undefined,
      origins: ['https://issuer.example'],
    });
    const further = readConfig({ ...console, ORDERS_CONSOLE_ORIGINS: 'https://tokens.example' });
    expect(further.tokens?.signIn?.origins).to.deep.equal(['https://issuer.example', 'https://tokens.example']);
    const message = (env: Record<string, string>) => {
      try {
        readConfig(env);
      } catch (error) {
        return String(error);
      }
      return '';
    };
    expect(message({ ORDERS_CONSOLE_CLIENT_ID: 'orders-console' })).to.match(/ORDERS_JWKS_URL is not: set it too/);
    expect(message({ ...console, ORDERS_JWT_ISSUER: 'no url' })).to.match(
      /ORDERS_CONSOLE_CLIENT_ID needs an ORDERS_JWT/,
    );
    expect(message({ ...console, ORDERS_CONSOLE_ORIGINS: 'https://a.example/x' })).to.match(/must be origins/);
  });

  function tokenVariables(): Record<string, string> {
    return {
      ORDERS_JWKS_URL: 'https://issuer.example/jwks',
      ORDERS_JWT_ISSUER: 'https://issuer.example',
      ORDERS_JWT_AUDIENCE: 'orders',
    };
  }
});
