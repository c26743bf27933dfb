import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { readSigningKeys, type SigningKey } from '../audit/signing-key.js';
import type { Config } from '../config.js';

/** The keys to sign with, none where nothing is signed. The embedded default's own is made when it is first needed. */
export async function openSigningKeys({ signingKeyFiles, ownSigningKey, dataDir }: Config): Promise<SigningKey[]> {
  if (ownSigningKey) await mkdir(dataDir, { recursive: true });
  return readSigningKeys(signingKeyFiles, ownSigningKey);
}

/** The service's keys to check signatures with: makes none, since nothing can be signed by one that is new. */
export async function knownSigningKeys({ signingKeyFiles, ownSigningKey }: Config): Promise<SigningKey[]> {
  if (ownSigningKey && !signingKeyFiles.every((file) => existsSync(file))) return [];
  return readSigningKeys(signingKeyFiles, false);
}
