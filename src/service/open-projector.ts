import type { ServerWatch } from '../event-log/connection/server-watch.js';
import { createPool } from '../event-log/database.js';
import { LogContinuity } from '../event-log/heads/log-continuity.js';
import { LogHeads } from '../event-log/heads/log-heads.js';
import { projectorLimits } from '../projector/limits.js';
import { Projector } from '../projector/projector.js';
import type { ProjectorOptions } from '../projector/projector-options.js';
import type { Redis } from '../read-models/redis/redis-client.js';

/** A projector at work, with the log heads that it follows. */
export interface RunningProjector {
  readonly projector: Projector;
  readonly logHeads: LogHeads;
  close(): Promise<void>;
}

export interface OpenProjectorOptions extends Omit<ProjectorOptions, 'logHeads' | 'rebuildPool'> {
  /** A subscribing connection, by which the projector is notified of new generations at once. */
  readonly subscriber?: Redis;
  /** The process's knowledge of the log; by default the projector's own. */
  readonly continuity?: LogContinuity;
  /** Ends the projector's own connections too if the server is gone. */
  readonly watch?: ServerWatch;
}

/** Starts a projector, and opens the connections that it has for itself. */
export async function openProjector({
  subscriber,
  continuity,
  watch,
  ...options
}: OpenProjectorOptions): Promise<RunningProjector> {
  const { database, pool, settings, log } = options;
  const logHeads = new LogHeads(database, continuity ?? new LogContinuity(pool, settings, log), log);
  const rebuildPool = createPool(database, projectorLimits.rebuildPoolSize, log);
  watch?.add(rebuildPool);
  const projector = new Projector({ ...options, logHeads, rebuildPool });
  const close = async () => {
    await projector.close();
    await logHeads.close();
    await rebuildPool.end();
  };
  try {
    await logHeads.start();
  } catch (error) {
    await close();
    throw error;
  }
  projector.start(subscriber);
  return { projector, logHeads, close };
}
