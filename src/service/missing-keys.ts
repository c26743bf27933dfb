import type { Config } from '../config.js';

/**
 * Returns one sentence per key that a service on servers of its operator should have. Adding a key
 * later does not help: data that was stored without it stays unsigned or unsealed.
 */
export function missingKeys({ databaseUrl, signingKeyFiles, personalDataKeyFile }: Config): string[] {
  if (databaseUrl === undefined) return [];
  const warnings: string[] = [];
  if (signingKeyFiles.length === 0) {
    warnings.push(
      'ORDERS_SIGNING_KEY_FILES is not set: nobody can take signed checkpoints, which prove later that the log was ' +
        'not changed (docs/audit.md)',
    );
  }
  if (personalDataKeyFile === undefined) {
    warnings.push(
      'ORDERS_PERSONAL_DATA_KEY_FILE is not set: personal data is stored in plain text, and `orders forget` cannot ' +
        'erase it (docs/privacy.md)',
    );
  }
  return warnings;
}
