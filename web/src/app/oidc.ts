import * as oauth from 'oauth4webapi';
import type { Access } from '../api/types.js';

type Oidc = NonNullable<Access['oidc']>;

const storedAttempt = 'orders-sign-in';

/** The part of an attempt that has to survive the way to the issuer and back, within this tab. */
interface Attempt {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
  /** The place in the console to return to. */
  readonly hash: string;
}

const redirectUri = () => `${location.origin}/`;

/** Leads the browser to the issuer: authorization code with PKCE (RFC 7636), as a public client. */
export async function startSignIn(oidc: Oidc): Promise<void> {
  const server = await discover(oidc);
  if (server.authorization_endpoint === undefined) throw new Error('the issuer names no authorization endpoint');
  const attempt: Attempt = {
    verifier: oauth.generateRandomCodeVerifier(),
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    hash: location.hash,
  };
  sessionStorage.setItem(storedAttempt, JSON.stringify(attempt));
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    ...Object.fromEntries(url.searchParams),
    client_id: oidc.client_id,
    redirect_uri: redirectUri(),
    response_type: 'code',
    scope: oidc.scope,
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
    code_challenge_method: 'S256',
    ...(oidc.audience === null ? {} : { audience: oidc.audience }),
  }).toString();
  location.assign(url);
}

/**
 * Exchanges the code for an access token. Throws if the response does not belong to this attempt.
 */
export async function redeemCode(oidc: Oidc, returned: URL): Promise<{ token: string; hash: string }> {
  const stored = sessionStorage.getItem(storedAttempt);
  sessionStorage.removeItem(storedAttempt);
  if (stored === null) throw new Error('it was not started in this tab; sign in again');
  // Only startSignIn writes this text.
  const { verifier, state, nonce, hash } = JSON.parse(stored) as Attempt;
  const server = await discover(oidc);
  const client: oauth.Client = { client_id: oidc.client_id };
  const parameters = oauth.validateAuthResponse(server, client, returned, state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    parameters,
    redirectUri(),
    verifier,
    options(oidc),
  );
  const result = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: nonce,
    requireIdToken: false,
  });
  return { token: result.access_token, hash };
}

async function discover(oidc: Oidc): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(oidc.issuer);
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options(oidc)));
}

/** Plain http is for an issuer on this machine alone, as in tests. */
function options({ issuer }: Oidc): { [oauth.allowInsecureRequests]?: boolean } {
  const { protocol, hostname } = new URL(issuer);
  const isLocal = protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return isLocal ? { [oauth.allowInsecureRequests]: true } : {};
}
