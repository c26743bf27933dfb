import type { IssuerKeysState } from '../../access/issuer-keys.js';
import type { LogContinuity } from '../../event-log/heads/log-continuity.js';
import type { Health } from '../../http/routes/dependencies.js';
import type { Projector } from '../../projector/projector.js';
import { describeLacking, type ReadModels, readModelsBeingBuilt } from '../../queries/live-generation.js';
import { recentRefusal } from '../../read-models/redis/redis-client.js';
import { withTimeout } from '../../with-timeout.js';
import type { RunningProjector } from '../open-projector.js';
import { checkEventLog, type EventLogHealthDeps, healthTimeoutMs } from './event-log-health.js';

/** Time for which all callers share one check of the health. */
export const healthSharedMs = 100;

export interface HealthDeps extends EventLogHealthDeps {
  readonly models: ReadModels;
  readonly continuity: Pick<LogContinuity, 'refusal' | 'clock'>;
  /** Undefined in a process without the role projector. */
  readonly running?: Pick<RunningProjector, 'projector' | 'logHeads'> | undefined;
  /** Undefined if no token issuer is configured. */
  readonly issuerKeys?: (() => IssuerKeysState) | undefined;
  readonly shuttingDown: boolean;
}

/**
 * Asks PostgreSQL and Redis at once whether they are up, for at most a second. The process is
 * `not-ready` if commands or queries cannot be served, and `degraded` if appends are blocked,
 * partitions of read models lack events, projections are stopped, or notifications do not
 * arrive.
 */
export async function checkHealth(deps: HealthDeps): Promise<Health> {
  const { models, continuity, running, issuerKeys, shuttingDown } = deps;
  const [eventLog, beingBuilt, described] = await Promise.all([
    checkEventLog(deps),
    resultOrUndefined(readModelsBeingBuilt(models)),
    resultOrUndefined(describeLacking(models)),
  ]);
  const unreadable = beingBuilt && beingBuilt.length > 0;
  const issuer = issuerKeys?.();
  const lacking = unreadable ? undefined : described;
  const redisRefusal = recentRefusal(models.redis);
  const stopped = running?.projector.stoppedProjections() ?? [];
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
    ...(running ? { projections: stopped.length === 0 ? 'live' : describeStopped(stopped) } : {}),
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
    stopped.length > 0 ||
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

/** Everybody may read the health: GET /projections shows the order and the error to operators. */
function describeStopped(stopped: ReturnType<Projector['stoppedProjections']>): string {
  return stopped
    .map(
      ({ projection, partition, stopped: { position } }) =>
        `${projection} stopped in partition ${partition} at ${position}`,
    )
    .join('; ');
}

/** Undefined if the request fails or takes longer than a second. */
function resultOrUndefined<Result>(request: Promise<Result>): Promise<Result | undefined> {
  return withTimeout(healthTimeoutMs, request).catch(() => undefined);
}
