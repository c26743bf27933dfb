import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { JWK } from 'jose';
import { publicJwkOf } from '../audit/signing-key.js';
import type { Config } from '../config.js';
import { knownSigningKeys } from '../service/signing-keys.js';
import { UsageError } from './terminal/errors.js';

/** The keys in a file, as JWKS, JWK or PEM; without a file, the service's own. */
export async function trustedKeys(file: string | undefined, config: Config): Promise<JWK[]> {
  if (file === undefined) {
    const own = (await knownSigningKeys(config)).map(({ publicJwk }) => publicJwk);
    if (own.length === 0) throw new UsageError('--key FILE: which key do you trust?');
    return own;
  }
  const text = await readFile(file, 'utf8');
  if (!text.trimStart().startsWith('{')) return [await publicJwkOf(createPublicKey(text))];
  const json = JSON.parse(text) as JsonWebKey | { keys: JsonWebKey[] };
  const jwks: JsonWebKey[] = 'keys' in json && Array.isArray(json.keys) ? json.keys : [json];
  return Promise.all(jwks.map((jwk) => publicJwkOf(createPublicKey({ key: jwk, format: 'jwk' }))));
}
