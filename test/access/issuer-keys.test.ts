import { expect } from 'chai';
import { jwtVerify } from 'jose';
import { IssuerKeys } from '../../src/access/issuer-keys.js';
import { IssuerUnavailable } from '../../src/access/issuer-unavailable.js';
import { accessLimits } from '../../src/access/limits.js';
import { eventually, silent } from '../support/servers.js';
import { startIssuer, type TokenIssuer } from '../support/token-issuer.js';

const dayMs = 86_400_000;

describe('The keys of a token issuer', () => {
  const realNow = Date.now;
  let offsetMs = 0;
  let issuer: TokenIssuer;
  let keys: IssuerKeys;
  beforeEach(async () => {
    offsetMs = 0;
    Date.now = () => realNow() + offsetMs;
    const elapsed = performance.now.bind(performance);
    performance.now = () => elapsed() + offsetMs;
    issuer = await startIssuer();
    await issuer.addKey('one');
    keys = new IssuerKeys(issuer.url, dayMs, silent);
  });
  afterEach(() => {
    Date.now = realNow;
    Reflect.deleteProperty(performance, 'now');
    issuer.stop();
  });

  const encryption = { kty: 'RSA', use: 'enc', n: 'AQAB', e: 'AQAB' };
  const signature = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
  const respond = (document: object | undefined) => issuer.respond(document);

  const verify = async (kid = 'one') => jwtVerify(await issuer.sign({}, kid), keys.keyOf).then(() => 'valid');
  const failure = async (kid?: string) => verify(kid).catch((error: unknown) => error);

  for (const [outage, begin, end] of [
    ['the issuer is down', () => issuer.down(true), () => issuer.down(false)],
    ['the issuer publishes an empty key set', () => issuer.withdraw('one'), () => issuer.publish('one')],
    ['the issuer publishes keys for encryption alone', () => respond({ keys: [encryption] }), () => respond(undefined)],
    ['the issuer publishes no keys but texts', () => respond({ keys: ['one'] }), () => respond(undefined)],
    ['one of the issuer’s keys is none', () => respond({ keys: [signature, null] }), () => respond(undefined)],
  ] as const) {
    it(`while ${outage}, known keys are used for a day, and then tokens are neither valid nor invalid`, async () => {
      expect(await verify()).to.equal('valid');
      expect(keys.state().isFailing).to.equal(false);
      begin();
      for (const ageMs of [accessLimits.jwksMaxAgeMs + 1, dayMs / 2, dayMs - 1_000]) {
        offsetMs = ageMs;
        expect(await verify(), `${ageMs} ms later`).to.equal('valid');
        await eventually('the failure to be known', () => keys.state().isFailing);
      }
      offsetMs = dayMs + 1;
      expect(await failure()).to.be.instanceOf(IssuerUnavailable);
      end();
      offsetMs += accessLimits.jwksCooldownMs + 1;
      expect(await verify()).to.equal('valid');
      expect(keys.state().isFailing).to.equal(false);
    });

    it(`while ${outage} at the start, tokens are neither valid nor invalid, and few requests are sent`, async () => {
      begin();
      for (let nth = 0; nth < 5; nth += 1) expect(await failure()).to.be.instanceOf(IssuerUnavailable);
      expect(issuer.requests()).to.equal(1);
    });
  }

  it('are read without any token, so that health shows the beginning and the end of an outage', async () => {
    issuer.down(true);
    keys = new IssuerKeys(issuer.url, dayMs, silent, 10);
    keys.start();
    await eventually('the failure to be known', () => keys.state().isFailing);
    issuer.down(false);
    offsetMs += accessLimits.jwksCooldownMs + 1;
    await eventually('the keys to be read', () => !keys.state().isFailing && keys.state().readAtMs !== undefined);
    keys.close();
    expect(issuer.requests()).to.equal(2);
  });

  it('are read again every ten minutes, so that a withdrawn key is no longer accepted', async () => {
    await issuer.addKey('two');
    expect(await verify('two')).to.equal('valid');
    issuer.withdraw('two');
    offsetMs = accessLimits.jwksMaxAgeMs + 1;
    await eventually('the key to be refused', async () => (await failure('two')) !== 'valid');
    expect(String(await failure('two'))).to.match(/JWKSNoMatchingKey/);
    expect(await verify()).to.equal('valid');
  });
});
