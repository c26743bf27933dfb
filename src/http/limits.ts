/** The HTTP side's limits. */
export const httpLimits = {
  /** A request's body; the largest order that the other limits allow is well below. */
  maxBodyBytes: 512 * 1024,
  /** Nesting of a JSON body: deeper ones are refused before anything walks them. */
  maxJsonDepth: 10,
  maxHeaderBytes: 16 * 1024,
  headersTimeoutMs: 10_000,
  connectionsCheckIntervalMs: 2_000,
  /** Open connections of a process; the system’s limit on open files has to be above it. */
  maxConnections: 10_000,
  /** Requests being answered at once in a process; streams that have begun do not count. More: 503. */
  maxInFlightRequests: 250,
  /**
   * Refusing takes a burst of so long, then rests so many times what it took: at 3 it has a quarter of the process's time, and refuses
   * in it about as many requests as could be answered in all of the time.
   */
  minSheddingBurstMs: 0.5,
  maxSheddingBurstMs: 20,
  sheddingPauseFactor: 3,
  /** Refused requests that wait to be told so; more are told at once. */
  maxQueuedSheddings: 5_000,
  /** While requests are refused as too many, the log says so this often. */
  overloadLogIntervalMs: 1_000,
  /** Connections that wait to be accepted (the system's somaxconn may be less): beyond, callers try again only after seconds. */
  listenBacklog: 4_096,
  /** A body has to have arrived by then. */
  bodyTimeoutMs: 15_000,
  /** Idle connections are closed after this. */
  keepAliveTimeoutMs: 65_000,
  /** A stopping server closes the connections that have fallen idle this often. */
  drainSweepIntervalMs: 50,
  /** How long a command's answer waits for the projections, unless it asks otherwise. */
  defaultProjectionWaitMs: 250,
  maxProjectionWaitMs: 10_000,
  /** Server-Sent Event streams open at once in a process. */
  maxEventStreams: 4_000,
  /** What may wait for one reader of a stream before it is dropped. */
  maxEventStreamBufferBytes: 256 * 1024,
  /** A reader who takes nothing for this long is dropped. */
  eventStreamStallMs: 10_000,
  /** After so many changes that a reader does not want it is told where it is. */
  maxSkippedChanges: 500,
  /** A comment is sent this often, so that nobody on the way takes an idle stream for a dead one. */
  eventStreamHeartbeatMs: 15_000,
  /** How long a reader waits before it comes back. */
  eventStreamRetryMs: 1_000,
  /** The stream of the projections looks for changes this often. */
  projectionStreamIntervalMs: 500,
  /** The window of the rate limit. */
  rateWindowSeconds: 60,
  /** If Redis does not count a request within this time, the process counts it by itself, and asks Redis again after the other. */
  rateStoreTimeoutMs: 250,
  rateStoreRetryMs: 1_000,
  maxIdempotencyKeyLength: 200,
  maxRequestIdLength: 128,
  /** How far in the future an occurred_at may lie: clocks differ. */
  maxOccurredAtAheadMs: 24 * 3_600_000,
} as const;
