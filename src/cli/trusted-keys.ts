import { createPublicKey, type JsonWebKey } from 'node:crypto';
import type { JWK } from 'jose';
import { publicJwkOf } from '../audit/signing-key.js';
import type { Config } from '../config.js';
import { existingSigningKeys } from '../service/signing-keys.js';
import { readTextFile } from './read-file.js';
import { UsageError } from './terminal/errors.js';

/** The public keys in a file (JWKS, JWK or PEM). Without a file, the keys of the service itself. */
export async function trustedKeys(file: string | undefined, config: Config): Promise<JWK[]> {
  if (file === undefined) {
    const own = (await existingSigningKeys(config)).map(({ publicJwk }) => publicJwk);
    if (own.length === 0) throw new UsageError('name the file of the keys that you trust: --key FILE');
    return own;
  }
  const text = await readTextFile(file);
  try {
    return await publicKeysIn(text);
  } catch (error) {
    throw new UsageError(`${file} holds no public keys: it must be a JWKS, a JWK or PEM`, { cause: error });
  }
}

async function publicKeysIn(text: string): Promise<JWK[]> {
  if (!text.trimStart().startsWith('{')) return [await publicJwkOf(createPublicKey(text))];
  const json = JSON.parse(text) as JsonWebKey | { keys: JsonWebKey[] };
  const jwks: JsonWebKey[] = 'keys' in json && Array.isArray(json.keys) ? json.keys : [json];
  return Promise.all(jwks.map((jwk) => publicJwkOf(createPublicKey({ key: jwk, format: 'jwk' }))));
}
