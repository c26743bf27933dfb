import { expect } from 'chai';
import { createApiKey } from '../../../../src/access/api-keys.js';
import { type LocalService, startLocalService } from '../../../support/local-service.js';
import { createTestLog, type TestLog } from '../../../support/servers.js';
import { call } from '../../../support/service.js';
import { issuerEnv, startIssuer, type TokenIssuer } from '../../../support/token-issuer.js';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('The rules of access', () => {
  let log: TestLog;
  let issuer: TokenIssuer;
  let service: LocalService;
  before(async () => {
    log = await createTestLog(4);
    issuer = await startIssuer();
    await issuer.addKey('one');
    service = await startLocalService(log, { ...issuerEnv(issuer.url), ORDERS_CONSOLE_CLIENT_ID: 'orders-console' });
  });
  after(async () => {
    await service.stop();
    issuer.stop();
    await log.close();
  });

  it('everybody may ask how callers identify themselves, and where people sign in', async () => {
    const { body } = await call(service, 'GET', '/access');
    const oidc = { issuer: 'https://issuer.example', client_id: 'orders-console', scope: 'openid', audience: null };
    expect(body).to.deep.equal({ required: true, oidc });
  });

  it('the page of the console may call the issuer of the sign-in, and no other host', async () => {
    const page = await call(service, 'GET', '/', undefined, { accept: 'text/html' });
    expect(page.headers.get('content-security-policy')).to.include("connect-src 'self' https://issuer.example;");
  });

  it('a caller with a key or a token, whatever its scopes, learns who it is', async () => {
    const { key } = await createApiKey(log.pool, {
      name: 'a warehouse',
      subject: 'warehouse',
      scopes: ['orders:import'],
      expiresAt: null,
    });
    expect((await call(service, 'GET', '/access/caller', undefined, bearer(key))).body).to.deep.equal({
      subject: 'warehouse',
      scopes: ['orders:import'],
      credential: 'api-key',
      expires_at: null,
    });
    const token = await issuer.sign({ sub: 'ada', scope: 'admin metrics:read' });
    const { body } = await call(service, 'GET', '/access/caller', undefined, bearer(token));
    expect(body).to.include({ subject: 'ada', credential: 'token' });
    expect(body.scopes).to.have.members(['admin', 'metrics:read']);
    expect(Date.parse(body.expires_at ?? '')).to.be.greaterThan(Date.now());
    expect((await call(service, 'GET', '/access/caller')).status).to.equal(401);
  });
});
