import type { Pool } from '../event-log/database.js';
import type { Health } from '../http/service.js';
import type { Projector } from '../projections/projector.js';
import type { Redis } from '../read-models/redis.js';
import { within } from '../within.js';
import type { OpenProjector } from './open-projector.js';

const healthTimeoutMs = 1_000;

/** What is up and what is down, asked of each within a second. */
export async function health(
  pool: Pool,
  redis: Redis,
  projecting: OpenProjector | undefined,
  draining: boolean,
): Promise<Health> {
  const [eventLog, readModels] = await Promise.all([isUp(pool.query('select 1')), isUp(redis.ping())]);
  const stopped = projecting?.projector.stopped() ?? [];
  const checks = {
    event_log: eventLog ? 'up' : 'down',
    read_models: readModels ? 'up' : 'down',
    ...(projecting ? { wake_ups: projecting.wakeUps.listening ? 'up' : 'down (polling)' } : {}),
    ...(projecting ? { projections: stopped.length === 0 ? 'live' : stoppedInWords(stopped) } : {}),
    ...(draining ? { service: 'stopping' } : {}),
  };
  if (!eventLog || !readModels || draining) return { status: 'not-ready', checks };
  const degraded = stopped.length > 0 || projecting?.wakeUps.listening === false;
  return { status: degraded ? 'degraded' : 'ready', checks };
}

function stoppedInWords(stopped: ReturnType<Projector['stopped']>): string {
  return stopped
    .map(
      ({ projection, partition, stopped: { position, type, orderId, error } }) =>
        `${projection} stopped in partition ${partition} at ${position} (${type} of order ${orderId}): ${error}`,
    )
    .join('; ');
}

function isUp(answer: Promise<unknown>): Promise<boolean> {
  return within(healthTimeoutMs, answer).then(
    () => true,
    () => false,
  );
}
