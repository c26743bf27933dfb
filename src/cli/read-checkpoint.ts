import { type SignedCheckpoint, verifySignedCheckpoint } from '../audit/signed-checkpoint.js';
import type { Config } from '../config.js';
import { readTextFile } from './read-file.js';
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
  return verifySignedCheckpoint(await readTextFile(file), await trustedKeys(keyFile, config));
}
