import type { Logger } from 'pino';
import type { RecentEvents } from '../event-log/append/recent-events.js';
import { FailureLog } from '../failure-log.js';
import { yieldToEventLoop } from '../yield-to-event-loop.js';
import { createCheckpointFreeze } from './generations/checkpoint-freeze.js';
import { createFillingStore } from './generations/filling-store.js';
import { createGenerationExists } from './generations/generation-exists.js';
import { projectorLimits as limits } from './limits.js';
import type { PartitionProjectorDeps } from './partition-projector.js';
import type { ProjectorOptions } from './projector-options.js';
import { createLinger } from './scheduling/linger.js';
import type { RebuildPause } from './scheduling/rebuild-pause.js';
import { Semaphore } from './scheduling/semaphore.js';
import type { SkippedEvents } from './skipped-events.js';
import { createLogReader } from './steps/log-reader.js';
import { createProjectionStore } from './steps/projection-store.js';

interface Shared {
  readonly recentEvents: RecentEvents;
  readonly skipped: SkippedEvents;
  readonly rebuildPause: RebuildPause;
}

/**
 * The dependencies of the projectors of one process. Those of live generations and those of
 * rebuilds differ in two ways:
 *
 * - Far-behind steps share a semaphore per kind. Only the semaphore of rebuilds pauses after a
 *   step.
 * - Only live generations take the process's own events from memory and linger under load.
 *
 * A rebuild that is nearly caught up passes no semaphore, so that it can become live.
 */
export function createPartitionProjectorDeps(
  options: ProjectorOptions,
  { recentEvents, skipped, rebuildPause }: Shared,
): { readonly live: PartitionProjectorDeps; readonly rebuild: PartitionProjectorDeps } {
  const { pool, rebuildPool, redis, keys, settings, logHeads, log, observer } = options;
  const shared = {
    readEvents: createLogReader(pool, rebuildPool, logHeads.heads, settings),
    keys,
    store: createProjectionStore(redis, keys),
    checkpointFreeze: createCheckpointFreeze(redis, keys),
    fillingStore: createFillingStore(redis, keys, settings.partitions),
    generationExists: createGenerationExists(redis, keys),
    logHeads,
    open: options.open ?? (async (events) => [...events]),
    skipped,
    yieldToEventLoop,
    semaphoreFromLag: limits.farBehindEvents,
    failures: projectingFailures(log),
    log,
  } satisfies Partial<PartitionProjectorDeps>;
  return {
    live: {
      ...shared,
      semaphore: new Semaphore(limits.maxCatchUpStepsInFlight),
      recentEvents,
      linger: createLinger(),
      onApplied: (step) => observer?.step('live', step),
    },
    rebuild: {
      ...shared,
      semaphore: new Semaphore(limits.maxRebuildStepsInFlight, (stepMs) => rebuildPause.durationMs(stepMs)),
      onApplied: (step) => observer?.step('rebuild', step),
    },
  };
}

export function projectingFailures(log: Logger): FailureLog {
  return new FailureLog(log, {
    failing: 'projecting: a step failed and is tried again',
    over: 'projecting: steps succeed again',
  });
}
