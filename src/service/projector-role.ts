import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from '../config.js';
import type { LogContinuity } from '../event-log/heads/log-continuity.js';
import type { Redis } from '../read-models/redis/redis-client.js';
import { WebhookDeliverer } from '../webhooks/deliverer.js';
import { createSafePost } from '../webhooks/safe-post.js';
import { readBacklogs } from '../webhooks/webhook-backlog.js';
import type { CleanupStack } from './cleanup-stack.js';
import type { Connections } from './connect.js';
import { measureProjector, observeProjector } from './metrics/projector-metrics.js';
import { countDeliveries, measureWebhooks } from './metrics/webhook-metrics.js';
import { openProjector, type RunningProjector } from './open-projector.js';
import { DeliveryHistory } from './runs/delivery-history.js';
import { traceAttempts, traceStep } from './tracing/trace-deliveries.js';
import type { Tracing } from './tracing/tracing.js';

export interface ProjectorRoleOptions {
  readonly config: Config;
  readonly processId: string;
  readonly connections: Connections;
  readonly continuity: LogContinuity;
  readonly subscriber: Redis;
  readonly registry: Registry;
  readonly log: Logger;
  readonly cleanup: CleanupStack;
  /** Undefined if nothing is traced. */
  readonly tracing: Tracing | undefined;
}

/**
 * Starts the work of the role projector: keeping the read models up to date, and delivering
 * webhooks.
 */
export async function startProjectorRole(options: ProjectorRoleOptions): Promise<RunningProjector> {
  const { config, processId, connections, continuity, subscriber, registry, log, cleanup, tracing } = options;
  const { access: database, settings, pool, watch, redis, keys, openEvents: open } = connections;
  const running = await openProjector({
    ...{ database, settings, pool, watch, redis, subscriber, continuity, keys, log, owner: processId, open },
    observer: observeProjector(registry, tracing && traceStep(tracing)),
  });
  cleanup.defer(() => running.close());
  measureProjector(registry, running.projector);
  measureWebhooks(registry, () => readBacklogs(pool));
  const deliveries = new DeliveryHistory(redis, keys, log);
  cleanup.defer(() => deliveries.flush());
  const deliverer = new WebhookDeliverer({
    database,
    settings,
    pool,
    logHeads: running.logHeads,
    open,
    post: createSafePost(config.webhooksAllowPrivate),
    onAttempt: countDeliveries(registry),
    noteAttempt: deliveries.note,
    trace: tracing && traceAttempts(tracing),
    log,
  });
  cleanup.defer(() => deliverer.close());
  deliverer.start();
  return running;
}
