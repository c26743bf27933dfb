import { existsSync } from 'node:fs';
import { readSigningKeys, type SigningKey } from '../audit/signing-key.js';
import type { Config } from '../config.js';
import { makeFolder } from '../embedded/data-folder.js';

/**
 * The keys that sign checkpoints; empty if nothing is signed. With embedded servers, the service
 * creates its own key when it first needs one.
 */
export async function openSigningKeys({ signingKeyFiles, ownSigningKey, dataDir }: Config): Promise<SigningKey[]> {
  if (ownSigningKey) await makeFolder(dataDir, 0o777);
  return readSigningKeys(signingKeyFiles, ownSigningKey);
}

/** The existing keys, to check signatures with. Creates none: a new key has not signed anything. */
export async function existingSigningKeys({ signingKeyFiles, ownSigningKey }: Config): Promise<SigningKey[]> {
  if (ownSigningKey && !signingKeyFiles.every((file) => existsSync(file))) return [];
  return readSigningKeys(signingKeyFiles, false);
}
