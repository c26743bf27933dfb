import { readFile } from 'node:fs/promises';
import { type SignedCheckpoint, verifySignedCheckpoint } from '../audit/signed-checkpoint.js';
import type { Config } from '../config.js';
import { trustedKeys } from './trusted-keys.js';

/**
 * Reads a signed checkpoint from a file, and verifies its signature.
 * @param keyFile the public keys to trust; by default those of the service itself.
 */
export async function readCheckpoint(
  file: string,
  keyFile: string | undefined,
  config: Config,
): Promise<SignedCheckpoint> {
  return verifySignedCheckpoint(await readFile(file, 'utf8'), await trustedKeys(keyFile, config));
}
