import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { ApiKeys } from '../access/api-keys.js';
import { type Authenticate, authenticateNobody, createAuthenticate } from '../access/authenticate.js';
import { createTokenVerifier } from '../access/bearer-tokens.js';
import { type Auditor, createAuditor } from '../audit/auditor.js';
import { createCommandHandlers } from '../commands/command-handlers.js';
import { type Config, ConfigError, readConfig } from '../config.js';
import { openServers, type Servers } from '../embedded/embedded.js';
import { createAppender } from '../event-log/append/group-commit.js';
import { createPool, type LogSettings, type Pool, readLogSettings } from '../event-log/database.js';
import { createHeadsNotifier } from '../event-log/heads/notify-heads.js';
import { migrate } from '../event-log/migrate.js';
import { createStreamReader } from '../event-log/read/read-stream.js';
import type { StoredEvent } from '../event-log/stored-event.js';
import { createApp } from '../http/app.js';
import { createRateLimit, unlimitedRate } from '../http/middleware/rate-limit.js';
import { type ClientAddresses, createClientAddresses } from '../http/request/client-address.js';
import { EventStreams } from '../http/response/event-streams.js';
import type { Service } from '../http/routes/dependencies.js';
import { startHttpServer } from '../http/server.js';
import { utcTime } from '../orders/values/utc-time.js';
import { openPersonKeys } from '../privacy/master-key.js';
import { createOpenedStreamReader, openEvents } from '../privacy/sealed-events.js';
import { allProjections } from '../projections/all-projections.js';
import { createGenerationStore, type GenerationStore } from '../projector/generations/generation-store.js';
import { projectorLimits } from '../projector/limits.js';
import { AppliedPositions } from '../queries/applied-positions.js';
import { ChangeFeed } from '../queries/change-feed.js';
import { createReadModels } from '../queries/live-generation.js';
import { createKeys } from '../read-models/keys.js';
import { createRedis, createRedisSubscriber, type Redis } from '../read-models/redis/redis-client.js';
import { health } from '../service/health.js';
import { createLogger } from '../service/logger.js';
import { type OpenProjector, openProjector } from '../service/open-projector.js';
import { countDeliveries, measureProjector } from '../service/projector-gauges.js';
import { openSigningKeys } from '../service/signing-keys.js';
import { WebhookDeliverer } from '../webhooks/deliverer.js';
import { createSafePost } from '../webhooks/safe-post.js';
import { createWebhookStore } from '../webhooks/webhook-store.js';

/** `orders serve`: runs the service until it is told to stop. */
export async function serve(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { roles: { type: 'string' } } });
  const config = readConfig({ ...process.env, ...(values.roles === undefined ? {} : { ORDERS_ROLES: values.roles }) });
  // Told to stop while starting, it stops as soon as it has started.
  // The handlers stay: Ctrl-C reaches this process from the terminal and once more from npm, and the second time must not
  // end it in the middle of stopping. The stop itself is bounded.
  const stopSignal = new Promise<string>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(signal));
  });
  // Nothing on standard output may fail the service: whoever read it may have gone.
  process.stdout.on('error', () => undefined);
  const log = await createLogger(config.logLevel);
  const servers = await openServers(config, say);
  let failure: Error | undefined;
  try {
    const running = await start(config, servers, log);
    const reason = await Promise.race([stopSignal, servers.failed]);
    if (reason instanceof Error) failure = reason;
    else say(`${reason}: finishing requests in hand`);
    await running.stop();
  } finally {
    await servers.stop();
  }
  if (failure) throw failure;
  say('stopped');
}

interface Running {
  stop(): Promise<void>;
}

/** Wires everything together: the one place that does. */
async function start(config: Config, servers: Servers, log: Logger): Promise<Running> {
  const { applied } = await migrate(servers.migrationDatabaseUrl, config.partitions);
  if (applied.length > 0) say(`migrated the database: ${applied.join(', ')}`);

  // What has been opened, to be closed in the opposite order: when told to stop, and when something of the start fails.
  const opened: (() => unknown)[] = [];
  const stop = async () => {
    for (const close of opened.reverse()) await close();
  };
  try {
    await open(config, servers, log, (close) => opened.push(close));
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function open(
  config: Config,
  servers: Servers,
  log: Logger,
  closeLater: (close: () => unknown) => void,
): Promise<void> {
  const pool = createPool(servers.databaseUrl, config.poolSize, log);
  closeLater(() => pool.end());
  const settings = await readLogSettings(pool);
  const onRedisError = (error: Error) => log.warn({ err: error }, 'Redis: connection trouble');
  const redis = createRedis(servers.redisUrl, onRedisError);
  closeLater(() => redis.disconnect());
  const subscriber = createRedisSubscriber(servers.redisUrl, onRedisError);
  closeLater(() => subscriber.disconnect());
  const keys = createKeys(settings.logId);
  void warnOfEviction(redis, log);

  const personKeys = await openPersonKeys(pool, config.personalDataKeyFile);
  let projecting: OpenProjector | undefined;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  if (config.roles.has('projector')) {
    const owner = `${hostname()}:${process.pid}`;
    const url = servers.databaseUrl;
    const open = (events: readonly StoredEvent[]) => openEvents(personKeys, events);
    projecting = await openProjector({ url, settings, pool, redis, keys, log, owner, open });
    closeLater(() => projecting?.close());
    measureProjector(registry, projecting.projector);
    const deliverer = new WebhookDeliverer({
      url,
      settings,
      pool,
      logHeads: projecting.logHeads,
      open,
      post: createSafePost(config.webhooksAllowPrivate),
      onAttempt: countDeliveries(registry),
      log,
    });
    closeLater(() => deliverer.close());
    deliverer.start();
  }

  const models = createReadModels(redis, keys, settings.partitions, allProjections);
  const hurry = (partition: number, position: number) => projecting?.projector.flushUpTo(partition, position);
  const applied = new AppliedPositions(models, subscriber, hurry);
  closeLater(() => applied.close());
  subscriber.on('message', (channel: string) => {
    if (channel === keys.generationsChannel) projecting?.projector.look();
  });
  void applied.start().catch(onRedisError);
  const generations = createGenerationStore(redis, keys);
  // A projector shows it by itself; without one, what this process answers from would be taken for a gone release's.
  if (!projecting) closeLater(showVersionsLive(generations, log));
  const byName = (name: string) => {
    const projection = allProjections.find((one) => one.name === name);
    if (!projection) throw new Error(`there is no projection ${name}`);
    return projection;
  };
  const streams = new EventStreams();
  const addresses = clientAddresses(config);
  let draining = false;
  const onHeadMoved = createHeadsNotifier(pool, log);
  const projector = projecting?.projector;
  const service: Service = {
    ...createCommandHandlers({
      readStream: createOpenedStreamReader(personKeys, createStreamReader(pool, settings.partitions)),
      personKeys,
      ...createAppender(
        pool,
        settings,
        projector ? { onHeadMoved, onCommitted: (committed) => projector.committed(committed) } : { onHeadMoved },
      ),
      now: () => utcTime(Date.now()),
    }),
    models,
    applied,
    streams,
    changes: new ChangeFeed(models, applied),
    webhooks: { store: createWebhookStore(pool), allowPrivate: config.webhooksAllowPrivate },
    authenticate: await openAccess(config, pool, log, closeLater),
    rateLimit:
      config.requestsPerMinute === 0
        ? unlimitedRate
        : createRateLimit(redis, keys.rateLimitPrefix, config.requestsPerMinute, addresses),
    addresses,
    corsOrigins: config.corsOrigins,
    audit: await openAuditor(config, pool, settings),
    rebuilds: {
      request: (name, actor) => generations.request(byName(name), actor),
      cancel: (name) => generations.cancel(byName(name)),
    },
    health: () => health(pool, models, projecting, draining),
    defaultCurrency: config.defaultCurrency,
    log,
  };
  // A process without the API role still tells of its health and its metrics, on the same port.
  const app = createApp(service, registry, config.roles.has('api'));
  const http = await startHttpServer(app, config.host, config.port);
  closeLater(async () => {
    draining = true;
    // Balancers see that it is not ready, and send no more, before it takes no more.
    await new Promise((resolve) => setTimeout(resolve, config.shutdownDelayMs));
    streams.close();
    await http.drain(config.shutdownTimeoutMs);
  });
  say(`listening on ${http.url} (${[...config.roles].join(' and ')}; ${settings.partitions} partitions)`);
}

/** Shows now and then that processes of this release live. @returns what ends it. */
function showVersionsLive(generations: GenerationStore, log: Logger): () => void {
  const by = `version of ${hostname()}:${process.pid}`;
  const show = () =>
    Promise.all(allProjections.map((projection) => generations.open(projection, by))).catch((error: unknown) =>
      log.debug({ error: String(error) }, 'generations: Redis did not answer'),
    );
  const timer = setInterval(show, projectorLimits.versionSeenTimeoutMs / 4);
  void show();
  return () => clearInterval(timer);
}

/** Who may call. Without configured access control: everybody, and the service listens on loopback only. */
async function openAccess(
  config: Config,
  pool: Pool,
  log: Logger,
  closeLater: (close: () => unknown) => void,
): Promise<Authenticate> {
  if (!config.authRequired) return authenticateNobody;
  const apiKeys = new ApiKeys(pool, log);
  await apiKeys.start();
  closeLater(() => apiKeys.close());
  return createAuthenticate(apiKeys, config.tokens && createTokenVerifier(config.tokens));
}

function clientAddresses({ trustedProxies }: Config): ClientAddresses {
  try {
    return createClientAddresses(trustedProxies);
  } catch (error) {
    throw new ConfigError(
      'ORDERS_TRUSTED_PROXIES',
      `has to be addresses or ranges such as 10.0.0.0/8: ${String(error)}`,
    );
  }
}

/** Undefined where no signing key is configured. */
async function openAuditor(config: Config, pool: Pool, settings: LogSettings): Promise<Auditor | undefined> {
  const [first, ...others] = await openSigningKeys(config);
  if (!first) return undefined;
  return createAuditor(pool, settings, createStreamReader(pool, settings.partitions), [first, ...others]);
}

/** What a person at the terminal wants to know; the log beside it is for machines. */
function say(text: string): void {
  process.stderr.write(`orders: ${text}\n`);
}

/** A Redis that evicts keys loses read models piecemeal, which no checkpoint shows. */
async function warnOfEviction(redis: Redis, log: Logger): Promise<void> {
  const answer = await redis.config('GET', 'maxmemory-policy').catch(() => undefined);
  const policy = Array.isArray(answer) ? answer[1] : undefined;
  if (typeof policy === 'string' && policy !== 'noeviction') {
    log.warn(
      { policy },
      'Redis may evict keys, and with them parts of the read models: set maxmemory-policy noeviction',
    );
  }
}
