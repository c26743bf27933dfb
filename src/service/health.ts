import type { Pool } from '../event-log/database.js';
import type { Health } from '../http/routes/dependencies.js';
import type { Projector } from '../projector/projector.js';
import { type ReadModels, readModelsBeingBuilt } from '../queries/live-generation.js';
import { withTimeout } from '../with-timeout.js';
import type { OpenProjector } from './open-projector.js';

const healthTimeoutMs = 1_000;

/** What is up and what is down, asked of each within a second. */
export async function health(
  pool: Pool,
  models: ReadModels,
  projecting: OpenProjector | undefined,
  draining: boolean,
): Promise<Health> {
  const [eventLog, beingBuilt] = await Promise.all([
    answerOf(pool.query('select 1')),
    answerOf(readModelsBeingBuilt(models)),
  ]);
  const unreadable = beingBuilt && beingBuilt.length > 0;
  const stopped = projecting?.projector.stopped() ?? [];
  const checks = {
    event_log: eventLog ? 'up' : 'down',
    read_models: unreadable ? `being built: ${beingBuilt.join(', ')}` : beingBuilt ? 'up' : 'down',
    ...(projecting ? { wake_ups: projecting.logHeads.listening ? 'up' : 'down (polling)' } : {}),
    ...(projecting ? { projections: stopped.length === 0 ? 'live' : stoppedInWords(stopped) } : {}),
    ...(draining ? { service: 'stopping' } : {}),
  };
  // Until they are there, queries are answered with 503: processes of the version before go on answering them.
  if (!eventLog || !beingBuilt || unreadable || draining) return { status: 'not-ready', checks };
  const degraded = stopped.length > 0 || projecting?.logHeads.listening === false;
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

/** Undefined where there is none within a second. */
function answerOf<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  return withTimeout(healthTimeoutMs, answer).catch(() => undefined);
}
