import type { IssuerKeysState } from '../../access/issuer-keys.js';
import type { LogContinuity } from '../../event-log/heads/log-continuity.js';
import type { Health } from '../../http/routes/dependencies.js';
import { describeLacking, type ReadModels, readModelsBeingBuilt } from '../../queries/live-generation.js';
import type { ProjectionState } from '../../queries/projections-document.js';
import { recentRefusal } from '../../read-models/redis/redis-client.js';
import { withTimeout } from '../../with-timeout.js';
import type { RunningProjector } from '../open-projector.js';
import { checkEventLog, type EventLogHealthDeps, healthTimeoutMs } from './event-log-health.js';
import { projectionHealth } from './projection-health.js';

/** Time for which all callers share one check of the health. */
export const healthSharedMs = 100;

/** Time for which all checks and metrics share one reading of the projections from Redis. */
export const projectionsSharedMs = 500;

export interface HealthDeps extends EventLogHealthDeps {
  readonly models: ReadModels;
  readonly continuity: Pick<LogContinuity, 'refusal' | 'clock' | 'unreachable' | 'settings'>;
  /** The projections as all processes see them. Rejects if Redis does not respond. */
  readonly projections: () => Promise<readonly ProjectionState[]>;
  /** Undefined in a process without the role projector. */
  readonly running?: Pick<RunningProjector, 'projector' | 'logHeads'> | undefined;
  /** Undefined if no token issuer is configured. */
  readonly issuerKeys?: (() => IssuerKeysState) | undefined;
  readonly shuttingDown: boolean;
}

/**
 * Asks PostgreSQL and Redis at once whether they are up, for at most a second. The process is
 * `not-ready` if commands or queries cannot be served, and `degraded` if appends are blocked,
 * partitions of read models lack events or have no living projector, projections are stopped or
 * behind, or notifications do not arrive.
 */
export async function checkHealth(deps: HealthDeps): Promise<Health> {
  const { models, continuity, running, issuerKeys, shuttingDown } = deps;
  const [eventLog, beingBuilt, described, states] = await Promise.all([
    checkEventLog(deps),
    resultOrUndefined(readModelsBeingBuilt(models)),
    resultOrUndefined(describeLacking(models)),
    resultOrUndefined(deps.projections()),
  ]);
  const unreadable = beingBuilt && beingBuilt.length > 0;
  const issuer = issuerKeys?.();
  const lacking = unreadable ? undefined : described;
  const redisRefusal = recentRefusal(models.redis);
  const ownStops = (running?.projector.stoppedProjections() ?? []).map(({ projection, partition, stopped }) => {
    return { projection, partition, position: stopped.position };
  });
  const projections = projectionHealth(states, ownStops);
  const { clock } = continuity;
  const checks = {
    event_log: eventLog.text,
    ...(clock.warning === undefined ? {} : { clock: clock.warning }),
    read_models: unreadable
      ? `being built: ${beingBuilt.join(', ')}`
      : beingBuilt
        ? (redisRefusal?.state ?? lacking ?? 'up')
        : 'down',
    ...(running ? { notifications: running.logHeads.listening ? 'up' : 'down (polling)' } : {}),
    projections: projections.text,
    ...(issuer ? { token_issuer: issuer.isFailing ? describeOutage(issuer) : 'up' } : {}),
    ...(shuttingDown ? { service: 'stopping' } : {}),
  };
  // Queries of read models that are being built get 503. Until they are live, load balancers should
  // send queries to processes of the previous version, which can still answer them.
  if (!eventLog.works || !beingBuilt || unreadable || shuttingDown) return { status: 'not-ready', checks };
  const degraded =
    eventLog.isDegraded ||
    clock.warning !== undefined ||
    redisRefusal !== undefined ||
    lacking !== undefined ||
    projections.isDegraded ||
    issuer?.isFailing ||
    running?.logHeads.listening === false;
  return { status: degraded ? 'degraded' : 'ready', checks };
}

function describeOutage({ keptUntilMs }: IssuerKeysState): string {
  if (keptUntilMs === undefined) return 'down: its keys are unknown';
  return keptUntilMs > Date.now()
    ? `down: its known keys are used until ${new Date(keptUntilMs).toISOString()}`
    : 'down: its known keys are too old to be used';
}

/** Undefined if the request fails or takes longer than a second. */
function resultOrUndefined<Result>(request: Promise<Result>): Promise<Result | undefined> {
  return withTimeout(healthTimeoutMs, request).catch(() => undefined);
}
