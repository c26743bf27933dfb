import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose';

/** A key pair that signs checkpoints, and its public half as the world sees it. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicJwk: JWK & { kid: string };
}

/** The JWS algorithm of Ed25519 (RFC 8037). */
export const signingAlgorithm = 'EdDSA';

/**
 * Reads Ed25519 private keys (PKCS #8, PEM), one a file. The first signs; the others' public halves stay published, so that
 * what they signed before can be checked. Throws an error that names the file and what to do.
 * @param createMissing makes the first one, readable by its owner alone, where there is no such file yet.
 */
export async function readSigningKeys(files: readonly string[], createMissing: boolean): Promise<SigningKey[]> {
  const keys: SigningKey[] = [];
  for (const [index, file] of files.entries()) {
    if (createMissing && index === 0) await createIfMissing(file);
    const pem = await readFile(file, 'utf8').catch((error: Error) => {
      throw new Error(`the signing key can't be read: ${error.message}`, { cause: error });
    });
    let privateKey: KeyObject;
    try {
      privateKey = createPrivateKey(pem);
    } catch (error) {
      throw new Error(`${file} holds no private key in PEM: openssl genpkey -algorithm ed25519 makes one`, {
        cause: error,
      });
    }
    if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error(`${file} holds a key that is not Ed25519`);
    keys.push({ privateKey, publicJwk: await publicJwkOf(createPublicKey(privateKey)) });
  }
  return keys;
}

async function createIfMissing(file: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  // wx: of two that start at once one creates it, the other reads it.
  await writeFile(file, pem, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** @returns the key as JWK, named by its thumbprint (RFC 7638). */
export async function publicJwkOf(publicKey: KeyObject): Promise<JWK & { kid: string }> {
  const { kty, crv, x } = await exportJWK(publicKey);
  if (kty !== 'OKP' || crv !== 'Ed25519' || x === undefined) throw new Error('the key is not an Ed25519 key');
  const jwk = { kty, crv, x };
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: signingAlgorithm, use: 'sig' };
}
