import type { Logger } from 'pino';
import { allProjections } from '../projections/all-projections.js';
import type { GenerationStore } from '../projector/generations/generation-store.js';
import { projectorLimits as limits } from '../projector/limits.js';

/**
 * Announces in Redis, at intervals, that a process of this release is running. Otherwise the
 * projectors of a newer release would remove the generations that this process answers queries
 * from. For processes without the role projector: a projector announces its release itself.
 * @returns a function that ends the announcements.
 */
export function announceRelease(generations: GenerationStore, processId: string, log: Logger): () => void {
  const by = `version of ${processId}`;
  const announce = () =>
    Promise.all(allProjections.map((projection) => generations.open(projection, by))).catch((error: unknown) =>
      log.debug({ error: String(error) }, 'the release was not announced: Redis did not answer'),
    );
  const timer = setInterval(announce, limits.versionSeenTimeoutMs / 4);
  void announce();
  return () => clearInterval(timer);
}
