import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export type TokenIssuer = Awaited<ReturnType<typeof startIssuer>>;

/** The settings of a service that accepts the issuer's tokens. */
export const issuerEnv = (url: string) => ({
  ORDERS_JWKS_URL: url,
  ORDERS_JWT_ISSUER: 'https://issuer.example',
  ORDERS_JWT_AUDIENCE: 'orders',
});

/**
 * Starts a token issuer with a JWKS endpoint. Its keys can be changed, and it can be made to fail.
 */
export async function startIssuer() {
  const keys = new Map<string, { jwk: JWK; privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'] }>();
  const published = new Set<string>();
  let isDown = false;
  let response: object | undefined;
  let requests = 0;
  const server: Server = createServer((_, answer) => {
    requests += 1;
    if (isDown) answer.writeHead(500).end();
    else answer.end(JSON.stringify(response ?? { keys: [...published].map((kid) => keys.get(kid)?.jwk) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    async addKey(kid: string, alg = 'ES256') {
      const { publicKey, privateKey } = await generateKeyPair(alg);
      keys.set(kid, { jwk: { ...(await exportJWK(publicKey)), kid, alg }, privateKey });
      published.add(kid);
    },
    withdraw: (kid: string) => void published.delete(kid),
    publish: (kid: string) => void published.add(kid),
    /** How often the keys were read. */
    requests: () => requests,
    /** Responds with this document in place of the keys; undefined: with the keys. */
    respond: (document: object | undefined) => {
      response = document;
    },
    down: (down: boolean) => {
      isDown = down;
    },
    sign(
      claims: Record<string, unknown>,
      kid = 'one',
      alg = 'ES256',
      options: { expires?: string | number; noKeyId?: boolean } = {},
    ) {
      return new SignJWT({ sub: 'u-1', ...claims })
        .setProtectedHeader(options.noKeyId ? { alg } : { alg, kid })
        .setIssuer(String(claims.iss ?? 'https://issuer.example'))
        .setAudience(String(claims.aud ?? 'orders'))
        .setExpirationTime(options.expires ?? '5m')
        .sign(keys.get(kid)!.privateKey);
    },
    stop: () => server.close(),
  };
}
