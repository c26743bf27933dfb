import { Cluster, Redis as RedisServer } from 'ioredis';
import type { FailureLog } from '../../failure-log.js';
import { describeRefusal, isFromReplica, isMoved, isRedirect, type RedisRefusal, redisRefusal } from './redis-error.js';
import { type ConnectionOptions, redisAddress } from './redis-url.js';
import { explainSentinels, isSentinelFailure } from './sentinel-failure.js';

/** The limits of connections to Redis. Each wait on Redis is bounded by one of them. */
const redisLimits = {
  connectTimeoutMs: 2_000,
  commandTimeoutMs: 4_000,
  /**
   * A connection on which a command waits and nothing arrives for this long is replaced: the server
   * is unreachable, and its packets are lost. Longer than the time-out of a command.
   */
  socketTimeoutMs: 5_000,
  /** A subscribed connection is pinged at this interval, since it only listens. */
  subscriberPingIntervalMs: 2_000,
  /** Retries of a command that meets a lost connection: it is sent again after a reconnect. */
  maxRetriesPerRequest: 1,
  maxReconnectDelayMs: 1_000,
  /** How long a refused write counts as the state of the server. */
  refusalShownMs: 3_000,
  /** Redirections of one command within a cluster, which are 100 ms apart after a failover. */
  maxRedirections: 16,
  /** A cluster's slots are read this often, beside each time that a node redirects a command. */
  slotsRefreshIntervalMs: 2_000,
} as const;

/** A connection to one server, or the connections to the nodes of a cluster. */
export type Redis = RedisServer | Cluster;

/** Takes the failures of a connection, and its success when it is ready. */
export type ConnectionFailures = Pick<FailureLog, 'failed' | 'succeeded'>;

interface ObservedRefusal extends RedisRefusal {
  readonly atMs: number;
}

const refusals = new WeakMap<Redis, ObservedRefusal>();

/**
 * The last reply by which Redis refused to do its work, if it came within the last seconds. Each
 * process writes to Redis at least every few seconds, so that a refusal that lasts shows here.
 */
export function recentRefusal(redis: Redis): RedisRefusal | undefined {
  const refusal = refusals.get(redis);
  return refusal && performance.now() - refusal.atMs < redisLimits.refusalShownMs ? refusal : undefined;
}

const serverChangeCounts = new WeakMap<Redis, number>();

/**
 * How often the server behind this client may have changed: the number of lost connections, and in
 * a cluster also of redirections and of slots that got another primary. After a restart or a
 * failover, Redis may have an older state. While the number stays the same, all replies came from
 * one state.
 */
export function serverChanges(redis: Redis): number {
  return serverChangeCounts.get(redis) ?? 0;
}

function countServerChange(redis: Redis): void {
  serverChangeCounts.set(redis, serverChanges(redis) + 1);
}

function countServerChanges(redis: Redis): void {
  redis.on(redis instanceof Cluster ? '-node' : 'close', () => countServerChange(redis));
  if (!(redis instanceof Cluster)) return;
  // After a failover that keeps the old primary alive, no connection is lost. The client learns of
  // it by a redirection (see createRedis), or by the slots that it reads at intervals.
  let known: readonly (string | undefined)[] = [];
  redis.on('refresh', () => {
    const primaries = Array.from(redis.slots, (nodes) => nodes?.[0]);
    const isChanged = primaries.some((primary, slot) => primary !== known[slot]);
    known = primaries;
    if (isChanged) countServerChange(redis);
  });
}

/** The options of both kinds of connection. */
const common = {
  connectTimeout: redisLimits.connectTimeoutMs,
  retryStrategy: (attempt: number) => Math.min(attempt * 100, redisLimits.maxReconnectDelayMs),
};

/**
 * Opens a connection to the Redis that a URL names (see redis-url.ts). It reconnects without end,
 * also if the server says that it is no longer the primary: the address may lead to the new one by
 * then.
 */
export function createRedis(url: string, failures?: ConnectionFailures): Redis {
  let refusalEnds: NodeJS.Timeout | undefined;
  const noteRefusal = (message: string) => {
    const refusal = redisRefusal(message);
    if (!refusal) return;
    refusals.set(redis, { ...refusal, atMs: performance.now() });
    failures?.failed(new Error(describeRefusal(refusal)));
    // The connection stays, so that no `ready` follows: without a further refusal, it is over.
    clearTimeout(refusalEnds);
    refusalEnds = setTimeout(() => {
      if (redis.status === 'ready') failures?.succeeded();
    }, redisLimits.refusalShownMs).unref();
  };
  const redis = open(url, {
    reconnectOnError: ({ message }) => {
      const isOfCluster = redisAddress(url).kind === 'cluster';
      if (isOfCluster && isMoved(message)) countServerChange(redis);
      // A cluster redirects commands all the time.
      if (!(isOfCluster && isRedirect(message))) noteRefusal(message);
      return !isOfCluster && isFromReplica(message);
    },
    commandTimeout: redisLimits.commandTimeoutMs,
    socketTimeout: redisLimits.socketTimeoutMs,
    maxRetriesPerRequest: redisLimits.maxRetriesPerRequest,
    lazyConnect: false,
  });
  countServerChanges(redis);
  report(redis, url, failures);
  return redis;
}

/**
 * Opens a connection for subscribing. It subscribes again by itself after a reconnect. Its commands
 * have no time-out, so that a subscription waits for the server. Pings find out that the server is
 * gone; a cluster's client has a connection of its own for subscribing, which cannot be pinged.
 */
export function createRedisSubscriber(url: string, failures?: ConnectionFailures): Redis {
  const redis = open(url, { maxRetriesPerRequest: null, socketTimeout: redisLimits.socketTimeoutMs });
  report(redis, url, failures);
  if (redis instanceof RedisServer) pingAtIntervals(redis);
  return redis;
}

/** The client replaces the connection if nothing arrives after a ping (`socketTimeout`). */
function pingAtIntervals(redis: RedisServer): void {
  let timer: NodeJS.Timeout | undefined;
  redis.on('ready', () => {
    clearInterval(timer);
    timer = setInterval(() => void redis.ping().catch(() => undefined), redisLimits.subscriberPingIntervalMs);
  });
  redis.on('close', () => clearInterval(timer));
}

/** The servers that hold the data: a single one, or the primaries of a cluster that are known. */
export function primariesOf(redis: Redis): readonly RedisServer[] {
  return redis instanceof Cluster ? redis.nodes('master') : [redis];
}

function open(url: string, options: ConnectionOptions): Redis {
  const address = redisAddress(url);
  if (address.kind === 'server') return new RedisServer(url, { ...common, ...options });
  if (address.kind === 'sentinel') {
    return new RedisServer({ ...common, ...options, ...address.options, sentinelRetryStrategy: common.retryStrategy });
  }
  const { retryStrategy, ...ofNode } = common;
  return new Cluster([...address.nodes], {
    clusterRetryStrategy: retryStrategy,
    maxRedirections: redisLimits.maxRedirections,
    slotsRefreshInterval: redisLimits.slotsRefreshIntervalMs,
    slotsRefreshTimeout: redisLimits.connectTimeoutMs,
    // Certificates name hosts: the names that the nodes announce are not resolved here.
    ...(address.options.tls ? { dnsLookup: (host, callback) => callback(null, host) } : {}),
    redisOptions: { ...ofNode, ...options, ...address.options },
  });
}

/** Reports the cause of each failure, which some errors of the client hide. */
function report(redis: Redis, url: string, failures: ConnectionFailures | undefined): void {
  const failed = (error: Error) => failures?.failed(error);
  const address = redisAddress(url);
  let explaining = false;
  // Without a listener, the error would end the process.
  redis.on('error', async (error: Error & { lastNodeError?: Error | null }) => {
    if (address.kind === 'sentinel' && isSentinelFailure(error)) {
      if (explaining || !failures) return;
      explaining = true;
      const explained = await explainSentinels(address);
      explaining = false;
      // A sentinel may have led to the primary meanwhile.
      if (redis.status !== 'ready' && redis.status !== 'end') failed(explained);
      return;
    }
    const { lastNodeError } = error;
    failed(lastNodeError ? new Error(`${error.message} ${lastNodeError.message}`, { cause: lastNodeError }) : error);
  });
  if (redis instanceof Cluster) redis.on('node error', failed);
  redis.on('ready', () => failures?.succeeded());
}
