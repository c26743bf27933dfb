import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { Config } from '../config.js';
import type { Servers } from '../embedded/servers.js';
import { AppendHealth, createTryAppend } from '../event-log/append/append-health.js';
import { loginOf, loginWarning } from '../event-log/connection/service-login.js';
import { LogContinuity } from '../event-log/heads/log-continuity.js';
import { migrate } from '../event-log/migrate.js';
import { createApp } from '../http/app.js';
import { createHeavyQueries, createLargeCommands, createLogQueries } from '../http/middleware/heavy-queries.js';
import { createPlaces } from '../http/middleware/in-flight-requests.js';
import { AuthorityWatch } from '../http/request/authority.js';
import { createRequestBudgets } from '../http/request/request-budgets.js';
import { EventStreams } from '../http/response/event-streams.js';
import { addRoutes } from '../http/routes/add-routes.js';
import type { HttpDependencies } from '../http/routes/dependencies.js';
import { startHttpServer } from '../http/server.js';
import { shareFor } from '../http/shared-calls.js';
import { projectionNamed } from '../projections/all-projections.js';
import { createGenerationStore, type GenerationStore } from '../projector/generations/generation-store.js';
import { AppliedPositions } from '../queries/applied-positions.js';
import { ChangeFeed } from '../queries/changes/change-feed.js';
import { getProjections } from '../queries/get-projections.js';
import { createRedisSubscriber } from '../read-models/redis/redis-client.js';
import { createSafePost } from '../webhooks/safe-post.js';
import { createWebhookStore } from '../webhooks/webhook-store.js';
import { openAccess } from './access.js';
import { announceRelease } from './announce-release.js';
import { openAuditor } from './audit.js';
import { refuseOldRedis, warnOfEviction } from './check-redis.js';
import { CleanupStack } from './cleanup-stack.js';
import { connect, redisFailures } from './connect.js';
import { checkLog } from './continuity/check-log.js';
import { keepKnownHeads } from './continuity/known-log.js';
import { checkHealth, healthSharedMs, projectionsSharedMs } from './health/check-health.js';
import { measureCheckpoints } from './metrics/audit-metrics.js';
import { countCommands } from './metrics/command-metrics.js';
import { measureIssuerKeys } from './metrics/issuer-metrics.js';
import { measureAppends, measureLog } from './metrics/log-metrics.js';
import { measureBuild, processMetrics } from './metrics/process-metrics.js';
import { measureProjections } from './metrics/projection-metrics.js';
import { measurePostgres, measureRedis } from './metrics/server-metrics.js';
import { startProjectorRole } from './projector-role.js';
import { createHeadsReader } from './read-log-heads.js';
import { DeliveryHistory } from './runs/delivery-history.js';
import { openOperators } from './system/operators.js';
import { createProcessId } from './system/process-registry.js';
import { traceAppends, traceCommands } from './tracing/trace-commands.js';
import { traceRequests } from './tracing/trace-requests.js';
import { openTracing } from './tracing/tracing.js';
import { wireCommandHandlers } from './wire-commands.js';

export interface StartOptions {
  readonly config: Config;
  readonly servers: Servers;
  readonly log: Logger;
  /** Takes messages for the person at the terminal. */
  readonly notify: (message: string) => void;
}

export interface StartedService {
  /** The address of the HTTP API, such as http://127.0.0.1:3000. */
  readonly url: string;
  readonly partitions: number;
  /**
   * Resolves when an operator has started a new epoch of the log: the service has to start again.
   */
  readonly newEpoch: Promise<void>;
  /**
   * Finishes the requests in flight, hands over the partitions, and closes all connections. Never
   * rejects, and ends within the configured shutdown times and some seconds, even if a server is
   * down.
   */
  stop(): Promise<void>;
}

/**
 * Migrates the database, connects everything, and listens. This file is the one place that wires
 * the parts of the service. If the start fails, it first closes what it has opened.
 */
export async function startService(options: StartOptions): Promise<StartedService> {
  const { config, servers, notify } = options;
  const { databaseRole: role } = config;
  const login = config.migrationDatabaseUrl === undefined ? undefined : loginOf(servers.databaseUrl);
  const { applied, warnings } = await migrate(servers.migrationDatabaseUrl, config.partitions, { role, login });
  for (const warning of warnings) notify(warning);
  if (applied.length > 0) notify(`migrated the database: ${applied.join(', ')}`);
  const cleanup = new CleanupStack();
  try {
    const { drain, ...started } = await open(options, cleanup);
    const stop = async () => {
      await drain();
      await cleanup.run((error) => options.log.warn({ err: error }, 'a part of the service did not close properly'));
    };
    return { ...started, stop };
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

async function open(
  { config, servers, log, notify }: StartOptions,
  cleanup: CleanupStack,
): Promise<Omit<StartedService, 'stop'> & { drain(): Promise<void> }> {
  const { databaseRole, poolSize, personalDataKeyFile } = config;
  const defer = (close: () => unknown) => cleanup.defer(close);
  const connections = await connect({
    servers,
    databaseRole,
    mustWrite: true,
    poolSize,
    personalDataKeyFile,
    log,
    defer,
  });
  const { pool, watch, redis, settings, keys } = connections;
  const warning = await loginWarning(pool);
  if (warning !== undefined) notify(warning);
  const continuity = new LogContinuity(pool, settings, log, (reading) => watch.watch(reading));
  const models = {
    ...connections.models,
    knownHead: (partition: number) => continuity.knownHead(partition),
    headTimes: continuity.times,
  };
  const projections = shareFor(projectionsSharedMs, () => getProjections(models));
  const newEpoch = new Promise<void>((resolve) => continuity.once('epoch', () => resolve()));
  let isClosed = false;
  cleanup.defer(async () => {
    isClosed = true;
    await continuity.close();
  });
  cleanup.defer(keepKnownHeads(config.dataDir, settings, continuity, log));
  // Both wait for Redis, which may be down.
  const checks = [refuseOldRedis(redis), checkLog(connections, continuity, config.dataDir, log, () => isClosed)];
  await Promise.all(checks);
  const subscriberFailures = redisFailures(log);
  const subscriber = createRedisSubscriber(servers.redisUrl, subscriberFailures);
  cleanup.defer(() => subscriber.disconnect());
  void warnOfEviction(redis, log);

  const processId = createProcessId();
  const registry = Registry.merge([processMetrics()]);
  const tracing = config.tracing && (await openTracing(config.tracing));
  if (tracing) cleanup.defer(() => tracing.close());
  measureBuild(registry, config.roles);
  measureLog(registry, continuity);
  measureProjections(registry, projections, models);
  measurePostgres(registry, pool);
  measureRedis(registry, redis);
  measureCheckpoints(registry, pool);
  const running = config.roles.has('projector')
    ? await startProjectorRole({
        config,
        processId,
        connections,
        continuity,
        subscriber,
        registry,
        log,
        cleanup,
        tracing,
      })
    : undefined;
  const projector = running?.projector;

  // A caller who waits for a position ends the linger of this process's projector.
  const applied = new AppliedPositions(models, subscriber, (partition, position) =>
    projector?.flushUpTo(partition, position),
  );
  cleanup.defer(() => applied.close());
  void applied.start().catch((error: unknown) => subscriberFailures.failed(error));
  const generations = createGenerationStore(redis, keys, pool);
  if (!projector) cleanup.defer(announceRelease(generations, processId, log));

  const testPost = createSafePost(config.webhooksAllowPrivate);
  cleanup.defer(() => testPost.close());
  const authority = new AuthorityWatch();
  const streams = new EventStreams(authority);
  let shuttingDown = false;
  const { issuerKeys, ...access } = await openAccess(config, connections, log, cleanup);
  if (issuerKeys) measureIssuerKeys(registry, issuerKeys);
  const { maxClockBehindMs } = config;
  const knownLog = { epoch: settings.epochs.current, position: () => 0, maxClockBehindMs };
  const appends = new AppendHealth(createTryAppend(pool, settings, knownLog), {
    isDistributed: !settings.appendAcrossPartitions,
  });
  const healthNow = () =>
    checkHealth({ appends, pool, models, continuity, projections, running, issuerKeys, shuttingDown });
  // Probes and anybody else share one check: it asks PostgreSQL and Redis.
  const health = shareFor(healthSharedMs, healthNow);
  const commands = wireCommandHandlers(connections, log, {
    maxClockBehindMs,
    continuity,
    onCallEnded: appends.noteCall,
    onCommitted: projector && ((committed) => projector.addCommitted(committed)),
    observer: measureAppends(registry),
    trace: tracing && ((appender) => traceAppends(tracing, appender)),
  });
  const counted = countCommands(registry, commands);
  const dependencies: HttpDependencies = {
    ...(tracing ? traceCommands(tracing, counted) : counted),
    continuity,
    ...access,
    authority,
    models,
    applied,
    runHeavyQuery: createHeavyQueries(),
    runLogQuery: createLogQueries(),
    runLargeCommand: createLargeCommands(),
    budgets: createRequestBudgets({
      bodyTimeoutMs: config.timeouts.bodyMs,
      batchIdleTimeoutMs: config.timeouts.batchIdleMs,
    }),
    streams,
    changes: new ChangeFeed(models, applied),
    webhooks: {
      store: createWebhookStore(pool, models.epochs),
      allowPrivate: config.webhooksAllowPrivate,
      post: testPost,
      deliveries: (webhookId) => new DeliveryHistory(redis, keys, log).list(webhookId),
    },
    corsOrigins: config.corsOrigins,
    isAccessControlled: config.authRequired,
    oidc: config.tokens?.signIn,
    ...openOperators({
      config,
      processId,
      connections: { ...connections, models },
      continuity,
      generations,
      projections,
      log,
      cleanup,
    }),
    audit: await openAuditor(config, connections),
    rebuilds: rebuildsByName(generations),
    places: createPlaces(),
    readHeads: createHeadsReader(pool),
    health: () => (shuttingDown || continuity.refusal ? healthNow() : health()),
    defaultCurrency: config.defaultCurrency,
    defaultTimeZone: config.defaultTimeZone,
    log,
  };
  // A process without the role api still serves its health and its metrics on the same port.
  const trace = tracing && traceRequests(tracing);
  const app = createApp({ ...dependencies, trace }, registry, (route) =>
    addRoutes(route, dependencies, registry, config.roles.has('api')),
  );
  const http = await startHttpServer(app, config.host, config.port, {
    timeouts: config.timeouts,
    addresses: dependencies.addresses,
  });
  const drain = async () => {
    shuttingDown = true;
    // Load balancers need this time to see that the process is not ready and to stop sending to it.
    // They know already if the log went back. Meanwhile each response closes its connection: a
    // proxy that kept one could send a request while it is being closed, which would be lost.
    const delayMs = continuity.refusal ? 0 : config.shutdownDelayMs;
    http.retireConnections();
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    streams.close();
    await http.drain(config.shutdownTimeoutMs);
  };
  return { url: http.url, partitions: settings.partitions, newEpoch, drain };
}

function rebuildsByName(generations: GenerationStore): HttpDependencies['rebuilds'] {
  return {
    request: (name, actor) => generations.request(projectionNamed(name), actor),
    cancel: (name) => generations.cancel(projectionNamed(name)),
  };
}
