import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { createApiKey } from '../../src/access/api-keys.js';
import { describeInBrowser, expectAccessible } from '../support/browser.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { createTestLog, type TestLog } from '../support/servers.js';
import { startIssuer, type TokenIssuer } from '../support/token-issuer.js';

describeInBrowser('Access to the console', (browser) => {
  let log: TestLog;
  let service: LocalService;
  before(async () => {
    log = await createTestLog(4);
    service = await startLocalService(log, { ORDERS_AUTH: 'required' });
  });
  after(async () => {
    await service?.stop();
    await log?.close();
  });
  const keyWith = async (...scopes: Parameters<typeof createApiKey>[1]['scopes'][number][]) =>
    (await createApiKey(log.pool, { name: 'a person', subject: 'ada', scopes, expiresAt: null })).key;

  it('a person signs in with a key, sees what its scopes permit, and signs out', async () => {
    const page = await browser.open(`${service.url}/#/projections`);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await expectAccessible(page, 'the sign-in');
    await page.getByLabel('API key').fill('no key at all');
    await page.getByRole('button', { name: 'Sign in with a key' }).click();
    await page.getByText('This is not an API key').waitFor();
    await page.getByLabel('API key').fill(`ok_0123456789ab_${'x'.repeat(43)}`);
    await page.getByRole('button', { name: 'Sign in with a key' }).click();
    await page.getByText('no longer accepted').waitFor();

    await page.getByLabel('API key').fill(await keyWith('metrics:read'));
    await page.getByRole('button', { name: 'Sign in with a key' }).click();
    // The link that led here still counts.
    await page.getByRole('heading', { name: 'Projections' }).waitFor();
    await page.getByText('ada', { exact: true }).waitFor();
    const navigation = page.getByRole('navigation', { name: 'Pages' });
    expect(await navigation.getByRole('link').allTextContents()).to.deep.equal(['Overview', 'Projections']);
    expect(await page.getByRole('button', { name: 'Rebuild' }).count()).to.equal(0);
    await page.goto(`${service.url}/#/keys`);
    await page.getByText('API keys needs another key').or(page.getByText('Keys needs another key')).waitFor();
    await page.reload();
    await page.getByText('ada', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  it('a key that is revoked meanwhile ends the session with a reason', async () => {
    const { id, key } = await createApiKey(log.pool, { name: 'n', scopes: ['metrics:read'], expiresAt: null });
    const page = await browser.open(`${service.url}/#/projections`);
    await page.getByLabel('API key').fill(key);
    await page.getByRole('button', { name: 'Sign in with a key' }).click();
    await page.getByRole('heading', { name: 'Projections' }).waitFor();
    await log.pool.query('update api_keys set revoked_at = now() where id = $1', [id]);
    await page.getByText('no longer accepted').waitFor();
  });
});

describeInBrowser('A service that goes away', (browser) => {
  it('the console says how old its figures are, and continues when the service is back', async () => {
    const log = await createTestLog(4);
    const first = await startLocalService(log);
    const port = new URL(first.url).port;
    const page = await browser.open(`${first.url}/#/projections`);
    await page.getByText('Live', { exact: true }).first().waitFor();
    await first.stop();
    await page.getByText(/The service does not respond. This page is .* old/).waitFor();
    expect(await page.getByRole('heading', { name: 'Projections' }).count()).to.equal(1);
    await expectAccessible(page, 'a lost service');
    const second = await startLocalService(log, { PORT: port });
    await page.getByText(/The service does not respond. This page is .* old/).waitFor({ state: 'detached' });
    await page.getByText('Live', { exact: true }).first().waitFor();
    await second.stop();
    await log.close();
  });
});

describeInBrowser('A sign-in at the token issuer', (browser) => {
  let log: TestLog;
  let keys: TokenIssuer;
  let issuer: Issuer;
  let service: LocalService;
  before(async () => {
    log = await createTestLog(4);
    keys = await startIssuer();
    await keys.addKey('one');
    issuer = await startOidcIssuer(keys);
    service = await startLocalService(log, {
      ORDERS_JWKS_URL: keys.url,
      ORDERS_JWT_ISSUER: issuer.url,
      ORDERS_JWT_AUDIENCE: 'orders',
      ORDERS_CONSOLE_CLIENT_ID: 'orders-console',
      ORDERS_CONSOLE_SCOPE: 'openid metrics:read',
    });
  });
  after(async () => {
    await service?.stop();
    issuer?.server.close();
    keys?.stop();
    await log?.close();
  });

  it('a person signs in at the issuer with PKCE, and returns to the page that was asked for', async () => {
    const page = await browser.open(`${service.url}/#/projections`);
    await page.getByRole('button', { name: /^Sign in at 127\.0\.0\.1/ }).click();
    await page.getByRole('heading', { name: 'Projections' }).waitFor();
    await page.getByText('grace', { exact: true }).waitFor();
    expect(new URL(page.url()).search).to.equal('');
    expect(issuer.asked).to.include({
      client_id: 'orders-console',
      response_type: 'code',
      scope: 'openid metrics:read',
      code_challenge_method: 'S256',
      redirect_uri: `${service.url}/`,
    });
    expect(issuer.verifier).to.have.length.greaterThan(42);
    expect(browser.errors).to.deep.equal([]);
  });
});

interface Issuer {
  readonly url: string;
  readonly server: Server;
  /** The parameters of the last request for authorization. */
  asked: Record<string, string>;
  /** The verifier of the last exchange of a code. */
  verifier: string;
}

/** An issuer that signs everybody in as grace: discovery, authorization, and the token endpoint. */
async function startOidcIssuer(keys: TokenIssuer): Promise<Issuer> {
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', issuer.url);
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', '*');
    response.setHeader('Content-Type', 'application/json');
    if (request.method === 'OPTIONS') return response.writeHead(204).end();
    if (pathname === '/.well-known/openid-configuration') {
      const endpoint = (name: string) => `${issuer.url}/${name}`;
      const document = {
        issuer: issuer.url,
        authorization_endpoint: endpoint('authorize'),
        token_endpoint: endpoint('token'),
        jwks_uri: keys.url,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
      };
      return response.end(JSON.stringify(document));
    }
    if (pathname === '/authorize') {
      issuer.asked = Object.fromEntries(searchParams);
      const back = new URL(issuer.asked.redirect_uri ?? '');
      back.search = new URLSearchParams({ code: 'c-1', state: issuer.asked.state ?? '' }).toString();
      return response.writeHead(302, { location: back.href }).end();
    }
    let body = '';
    for await (const chunk of request) body += chunk;
    issuer.verifier = new URLSearchParams(body).get('code_verifier') ?? '';
    const token = (claims: object) => keys.sign({ iss: issuer.url, sub: 'grace', ...claims });
    const answer = {
      access_token: await token({ scope: 'metrics:read' }),
      token_type: 'Bearer',
      expires_in: 300,
      id_token: await token({ aud: 'orders-console', nonce: issuer.asked.nonce, iat: Math.floor(Date.now() / 1000) }),
    };
    return response.end(JSON.stringify(answer));
  });
  const issuer: Issuer = { url: '', server, asked: {}, verifier: '' };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  Object.assign(issuer, { url: `http://127.0.0.1:${port}` });
  return issuer;
}
