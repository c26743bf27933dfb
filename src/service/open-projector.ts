import { createPool } from '../event-log/database.js';
import { WakeUps } from '../event-log/heads/log-heads.js';
import { projectorLimits } from '../projector/limits.js';
import { Projector, type ProjectorOptions } from '../projector/projector.js';

/** A running projector, with the wake-ups and the connections that it needs. */
export interface OpenProjector {
  readonly projector: Projector;
  readonly wakeUps: WakeUps;
  close(): Promise<void>;
}

export async function openProjector(
  options: Omit<ProjectorOptions, 'wakeUps' | 'rebuildPool'>,
): Promise<OpenProjector> {
  const { url, pool, log } = options;
  const wakeUps = new WakeUps(url, pool, log);
  const rebuildPool = createPool(url, projectorLimits.rebuildPoolSize, (error) =>
    log.warn({ err: error }, 'PostgreSQL: an idle connection broke'),
  );
  const projector = new Projector({ ...options, wakeUps, rebuildPool });
  const close = async () => {
    await projector.close();
    await wakeUps.close();
    await rebuildPool.end();
  };
  try {
    await wakeUps.start();
  } catch (error) {
    await close();
    throw error;
  }
  projector.start();
  return { projector, wakeUps, close };
}
