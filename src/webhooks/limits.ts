/** The limits of webhooks. */
export const webhookLimits = {
  /** Webhooks in any state. Each has a checkpoint per partition and a row per undelivered event. */
  maxWebhooks: 100,
  /** Positions of a partition that one statement enqueues for one webhook. Keeps it short. */
  maxEnqueuedAtOnce: 500,
  /**
   * Pending deliveries of one webhook in one partition above which nothing is enqueued for it
   * there: the checkpoint stays and no event is lost. One statement may exceed it by
   * `maxEnqueuedAtOnce`. If the receiver accepts other events meanwhile, failed deliveries make
   * room as dead letters.
   */
  maxPendingPerPartition: 10_000,
  /** Failed deliveries that become dead letters at once if `maxPendingPerPartition` is reached. */
  maxEarlyDeadLetters: 500,
  /**
   * Pending deliveries of one webhook in one partition that one query looks at, those due first.
   * Bounds its cost for any backlog.
   */
  maxScannedPerPartition: 200,
  /**
   * Wait in ms before a delivery behind an earlier one of its order is looked at. The end of the
   * earlier delivery ends the wait; this time counts if both were recorded at the same moment.
   */
  blockedRecheckMs: 5_000,
  /**
   * Milliseconds that a round waits for the partitions of a distributed database. A server that
   * does not respond delays the partitions of the others by this time.
   */
  maxRoundMs: 1_000,
  /** Attempts in flight to one webhook. A slow receiver then does not delay the others. */
  maxInFlightPerWebhook: 8,
  /**
   * Attempts in flight of this process, not counting the first of each webhook: every webhook may
   * always have one. Bounds open connections and memory, together with `maxWebhooks`.
   */
  maxInFlight: 64,
  /** Orders whose attempts fail in a row, without a success between, that open a breaker. */
  breakerFailingOrders: 5,
  /** Wait in ms before the first probe of an open circuit breaker. It doubles with each failure. */
  minBreakerOpenMs: 15_000,
  /** Wait in ms between two probes of an open circuit breaker. */
  maxBreakerOpenMs: 5 * 60_000,
  /** Time in ms since a breaker opened after which the next failure disables the webhook. */
  disableAfterMs: 5 * 24 * 3_600_000,
  /** Duration of one attempt, in ms, from the look-up of the address to the status line. */
  attemptTimeoutMs: 15_000,
  /** Bytes read of a response's body; then its connection is closed. Only the status counts. */
  maxResponseBytes: 16 * 1024,
  /** Time in ms after which an idle connection to a receiver is closed. */
  idleConnectionMs: 30_000,
  /** Wait in ms after the first failed attempt, before jitter. It doubles with each further one. */
  minRetryDelayMs: 5_000,
  /** Wait in ms between two attempts at most, also if Retry-After asks for more. */
  maxRetryDelayMs: 3_600_000,
  /** Time in ms since the first failed attempt after which the next failure makes a dead letter. */
  giveUpAfterMs: 24 * 3_600_000,
  /** Wait in ms before a result that PostgreSQL did not take is recorded again. It doubles. */
  minRecordRetryMs: 1_000,
  maxRecordRetryMs: 30_000,
  /** Time in ms after a rotation in which the previous secret also signs. */
  previousSecretMs: 24 * 3_600_000,
  /** Interval in ms at which due deliveries are read: no notification announces a due retry. */
  pollIntervalMs: 1_000,
  /** Wait in ms for attempts in flight, when a process stops or hands a partition over. */
  stopTimeoutMs: 5_000,
  /** Characters of an error that are stored with a delivery. */
  maxErrorLength: 300,
} as const;
