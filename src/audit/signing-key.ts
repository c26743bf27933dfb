import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { constants, copyFile, link, lstat, readFile, rm, writeFile } from 'node:fs/promises';
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose';
import { fileProblem } from '../environment.js';
import { type FromSchema, text } from '../json-schema.js';

/** A public key as a JSON Web Key (RFC 7517). */
export const publicJwkSchema = {
  type: 'object',
  required: ['kty', 'kid'],
  properties: { kty: text, kid: text },
} as const;

export type PublicJwk = JWK & FromSchema<typeof publicJwkSchema>;

/** A key pair that signs checkpoints, with its public half as it is published. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicJwk: PublicJwk;
}

/** The JWS algorithm of Ed25519 (RFC 8037). */
export const signingAlgorithm = 'EdDSA';

/**
 * Reads Ed25519 private keys (PKCS #8, PEM), one per file. The first key signs. The public halves
 * of the others stay published, so that older signatures can still be verified. Throws an error
 * that names the file and the remedy.
 * @param createMissing creates the first file if it does not exist, readable only by its owner.
 */
export async function readSigningKeys(files: readonly string[], createMissing: boolean): Promise<SigningKey[]> {
  const keys: SigningKey[] = [];
  for (const [index, file] of files.entries()) {
    if (createMissing && index === 0) await createIfMissing(file);
    const pem = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new Error(`the signing key cannot be read: ${file} ${fileProblem(error)}`, { cause: error });
    });
    let privateKey: KeyObject;
    try {
      privateKey = createPrivateKey(pem);
    } catch (error) {
      throw new Error(`${file} does not hold a private key in PEM: openssl genpkey -algorithm ed25519 creates one`, {
        cause: error,
      });
    }
    if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error(`${file} holds a key that is not Ed25519`);
    keys.push({ privateKey, publicJwk: await publicJwkOf(createPublicKey(privateKey)) });
  }
  return keys;
}

/**
 * Creates a key unless there is one. It gets its name once it is complete and on the disk, so that
 * neither a start after a loss of power nor another process finds half of it. Of two processes that
 * create one, the first wins, and the other reads its key.
 */
async function createIfMissing(file: string): Promise<void> {
  if (await exists(file)) return;
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const complete = `${file}.${randomUUID()}.new`;
  try {
    await writeFile(complete, pem, { mode: 0o600, flag: 'wx', flush: true });
    await nameUnlessTaken(complete, file);
  } catch (error) {
    throw new Error(`the signing key cannot be created: ${file} ${fileProblem(error)}`, { cause: error });
  } finally {
    await rm(complete, { force: true }).catch(() => undefined);
  }
}

/** Whether a file may be there, readable or not. */
function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}

async function nameUnlessTaken(complete: string, file: string): Promise<void> {
  try {
    await link(complete, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw error;
      // A file system without hard links.
      return copyFile(complete, file, constants.COPYFILE_EXCL);
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Exports the key as JWK, with its thumbprint (RFC 7638) as `kid`. */
export async function publicJwkOf(publicKey: KeyObject): Promise<PublicJwk> {
  const { kty, crv, x } = await exportJWK(publicKey);
  if (kty !== 'OKP' || crv !== 'Ed25519' || x === undefined) throw new Error('the key is not of type Ed25519');
  const jwk = { kty, crv, x };
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: signingAlgorithm, use: 'sig' };
}
