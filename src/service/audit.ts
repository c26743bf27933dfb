import { type Auditor, createAuditor } from '../audit/auditor.js';
import type { Config } from '../config.js';
import type { EventLogConnection } from './connect.js';
import { openSigningKeys } from './signing-keys.js';

/** Undefined if no signing key is configured. */
export async function openAuditor(
  config: Config,
  { pool, settings }: Pick<EventLogConnection, 'pool' | 'settings'>,
): Promise<Auditor | undefined> {
  const [first, ...others] = await openSigningKeys(config);
  if (!first) return undefined;
  return createAuditor(pool, settings, [first, ...others]);
}
