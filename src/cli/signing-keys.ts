import { mkdir } from 'node:fs/promises';
import { readSigningKeys, type SigningKey } from '../audit/signing-key.js';
import type { Config } from '../config.js';

/** The configured keys; the embedded default's own is made when it is first needed. None where nothing is signed. */
export async function openSigningKeys(config: Config): Promise<SigningKey[]> {
  const { signingKeyFiles, databaseUrl, dataDir } = config;
  if (!signingKeyFiles) return [];
  const isOwn = databaseUrl === undefined && signingKeyFiles[0]?.startsWith(dataDir) === true;
  if (isOwn) await mkdir(dataDir, { recursive: true });
  return readSigningKeys(signingKeyFiles, isOwn);
}
