/** Limits of the HTTP side of a process. Those of batches are in batch/limits.ts. */
export const httpLimits = {
  // Connections

  /** Open connections. The system's limit of open files must be higher. */
  maxConnections: 10_000,
  /**
   * Connections that wait to be accepted. If there are more, the system drops them, and clients
   * retry only after seconds. The system's own limit (somaxconn) may be lower.
   */
  listenBacklog: 4_096,
  /** Time without a request after which a connection is closed. */
  keepAliveTimeoutMs: 65_000,
  /**
   * Time in which a client must read 16 KiB of its response, or all that is waiting if that is
   * less.
   */
  responseTimeoutMs: 15_000,
  /** Interval at which connections are checked for clients that do not take their response. */
  stallCheckIntervalMs: 2_500,
  /**
   * Bytes that a client must take, or send, per response timeout (15 s by default) while a response
   * waits to be sent: about 1 KiB/s.
   */
  minMovedBytes: 16 * 1024,
  /** Bytes of one piece of a long response. Whole pieces count as taken. */
  responsePieceBytes: 32 * 1024,
  /**
   * Bytes of long responses that wait to be sent, over all connections. Beyond it the oldest
   * response of the client with the most of them is ended.
   */
  maxUnsentBytes: 64 * 1024 * 1024,
  /** Interval at which a server that stops closes idle connections. */
  drainSweepIntervalMs: 50,

  // Headers and bodies

  /** Bytes of the request line and the headers. */
  maxHeaderBytes: 16 * 1024,
  /** Time for the headers to arrive, so that half-open requests do not keep connections. */
  headersTimeoutMs: 10_000,
  /** Interval at which connections are checked for `headersTimeoutMs`. */
  connectionsCheckIntervalMs: 2_000,
  /** Bytes of a body. An order of 5,000 lines fits if each takes up to 100 bytes. */
  maxBodyBytes: 512 * 1024,
  /** Bytes that a body takes at first, if it arrives in several chunks. They double as it grows. */
  initialBodyBytes: 1024,
  /**
   * Bytes of bodies that have not arrived completely, or that wait because they are large, over all
   * connections. Beyond it, the oldest body of the client with the most of them is given up.
   */
  maxArrivingBytes: 32 * 1024 * 1024,
  /** Time for a body to arrive. A batch has its own limit. */
  bodyTimeoutMs: 15_000,
  /**
   * Time without data of a batch, after which its connection is closed. A whole batch may take any
   * time.
   */
  batchIdleTimeoutMs: 90_000,
  /**
   * Bytes of a request that are discarded after its response, so that the client sees the response.
   */
  maxDiscardedBytes: 256 * 1024 * 1024,
  /** Time for which such bytes are discarded. */
  discardTimeoutMs: 60_000,
  /** Levels of nesting in a JSON body. Bounds the recursion of the code that visits it. */
  maxJsonDepth: 10,
  /** Characters that a message shows of a name in a JSON body. The rest is cut off. */
  maxShownNameLength: 100,
  /** Characters of an Idempotency-Key, which becomes part of the event's metadata. */
  maxIdempotencyKeyLength: 200,
  /** Characters of a client's X-Request-Id. A longer one is replaced. */
  maxRequestIdLength: 128,
  /** How far in the future `occurred_at` may be, because clocks differ. */
  maxOccurredAtAheadMs: 5 * 60_000,

  // Long requests

  /**
   * Interval at which the keys and tokens of streams and batches are checked. With the interval at
   * which API keys are read (`keysPollIntervalMs`), it bounds the time that a revoked key is used.
   */
  authorityCheckIntervalMs: 200,

  // Load shedding

  /**
   * Reads in flight, and separately as many writes; streams do not count once they have begun.
   * Further requests get 503. One caller gets `maxShare` of them, which is 250.
   */
  maxInFlightRequests: 313,
  /** Part of the places that one caller, or one address, can use. The rest is for the others. */
  maxShare: 0.8,
  /** Requests that wait until the read models have reached a position. */
  maxWaitingRequests: 5_000,
  /** Time for which a command that waits for the read models keeps its place. */
  placeWhileWaitingMs: 100,
  /** Time of one burst of load shedding. The minimum keeps the delay of a single response short. */
  minSheddingBurstMs: 0.5,
  maxSheddingBurstMs: 20,
  /**
   * The pause after a burst, as a multiple of the burst. At 3, load shedding takes a quarter of the
   * process's time. In that quarter it rejects about as many requests as the process could serve in
   * all of its time.
   */
  sheddingPauseFactor: 3,
  /** Requests that wait for their 503. Further ones get it at once, which bounds memory. */
  maxQueuedSheddings: 5_000,
  /** Shortest time between two log lines about rejected requests. */
  overloadLogIntervalMs: 1_000,

  // Heavy queries

  /**
   * Weight of the heavy queries that run at once, see heavy-queries.ts. More would not be faster:
   * they mostly use the one thread of the process, which other requests wait for.
   */
  maxHeavyQueryWeight: 8,
  /** Heavy queries that wait. Further ones are rejected with 503. */
  maxQueuedHeavyQueries: 1_000,
  /**
   * Weight of the pages of the log that are read at once. They come from PostgreSQL, so they wait
   * only for each other, and queries of Redis do not wait for them.
   */
  maxLogQueryWeight: 8,
  /** Pages of the log that wait. Further ones are rejected with 503. */
  maxQueuedLogQueries: 100,
  /**
   * Time that a heavy query, a page of the log, or a command with a large body waits. After that,
   * it gets 503.
   */
  maxHeavyWaitMs: 6_000,
  /**
   * Time that each further part of a long response waits for its turn. After that, the response
   * breaks off.
   */
  maxRestWaitMs: 60_000,

  /**
   * Bytes from which on the body of a command is large. Its weight is one per this number of bytes.
   * Handling a body takes about ten times its bytes of memory.
   */
  largeBodyBytes: 64 * 1024,
  /** Weight of the commands with large bodies that run at once: 4 of the largest bodies. */
  maxLargeBodyWeight: 32,
  /** Commands with large bodies that wait. Further ones are rejected with 503. */
  maxQueuedLargeBodies: 500,

  /** Time for which all scrapers share one collection of the metrics. */
  metricsSharedMs: 100,

  // Waits for projections

  /** Time that the response to a command waits for the projections, without a Prefer header. */
  defaultProjectionWaitMs: 250,
  /** The same with Prefer: wait. Bounds how long a client can keep a request in flight. */
  maxProjectionWaitMs: 10_000,

  // Server-Sent Event streams

  /** Open streams. */
  maxEventStreams: 4_000,
  /**
   * Bytes that wait to be sent to one reader. A reader that lets more accumulate is disconnected.
   */
  maxEventStreamBufferBytes: 32 * 1024,
  /** Time that a full buffer may take to drain before its reader is disconnected. */
  eventStreamStallMs: 10_000,
  /** Changes skipped by a reader's filters before it gets its new position without a change. */
  maxSkippedChanges: 500,
  /** Interval of comments on a stream, so that proxies do not close it as idle. */
  eventStreamHeartbeatMs: 15_000,
  /** Time that a reader waits before it reconnects. */
  eventStreamRetryMs: 1_000,
  /** Interval at which the stream of projections polls for changes. */
  projectionStreamIntervalMs: 500,

  // Browsing the log

  /** Events of a page of the log, unless the client asks for another number. */
  defaultLogPage: 50,
  /** Events of a page of the log at most. The bytes of a reading have their own limit. */
  maxLogPage: 200,

  // Callers

  /** Time for which accepted credentials count as known. */
  knownCredentialsMs: 60_000,
  /** Credentials that are remembered. The memory is cleared when it is full. */
  maxKnownCredentials: 20_000,
  /** Requests that wait until unknown credentials are looked up. Further ones get 503. */
  maxPendingAuthentications: 1_000,
  /** The same, for one address. */
  maxPendingPerAddress: 100,
  /**
   * Connections of one address, or of one IPv6 network, that is not a trusted proxy. Further ones
   * are closed.
   */
  maxConnectionsPerAddress: 5_000,
  /** Addresses whose counted form is remembered. The memory is cleared when it is full. */
  maxRememberedAddresses: 10_000,
  /** Part of the event streams that one caller, or one address, can open. */
  maxStreamShare: 0.25,

  // Rate limit

  /**
   * Owners whose limit is used up and who are remembered. The memory is cleared when it is full.
   */
  maxBlockedOwners: 10_000,
  /**
   * Limits of owners that one process counts while Redis is down. Those that are not used up are
   * removed first.
   */
  maxRateBuckets: 100_000,
  /** Time in which a used-up limit is refilled. */
  rateWindowSeconds: 60,
  /** Time for Redis to count a request. After that, the process counts it. */
  rateStoreTimeoutMs: 250,
  /** Time until Redis is used again after it did not respond. */
  rateStoreRetryMs: 1_000,
  /** Shortest wait of a batch for the rate limit. */
  minRateWaitMs: 100,
} as const;
