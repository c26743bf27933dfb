/** The limits of webhooks. */
export const webhookLimits = {
  /** Webhooks in any state. Each has a checkpoint per partition and a row per undelivered event. */
  maxWebhooks: 100,
  /** Positions of a partition that one statement enqueues for one webhook. Keeps it short. */
  maxEnqueuedAtOnce: 500,
  /**
   * Deliveries of one webhook in one partition, pending and dead, above which nothing is enqueued
   * for it there. Bounds the table; the checkpoint stays and no event is lost. One statement may
   * exceed it by `maxEnqueuedAtOnce`.
   */
  maxPendingPerPartition: 10_000,
  /** Attempts in flight to one webhook, and connections to one host. Keeps slow receivers apart. */
  maxInFlightPerWebhook: 8,
  /** Attempts in flight of this process. Bounds its open connections and its memory. */
  maxInFlight: 64,
  /** Duration of one attempt, in ms, from the look-up of the address to the end of the response. */
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
  /** Time in ms after a rotation in which the previous secret also signs. */
  previousSecretMs: 24 * 3_600_000,
  /** Interval in ms at which due deliveries are read: no notification announces a due retry. */
  pollIntervalMs: 1_000,
  /** Wait in ms for attempts in flight, when a process stops or hands a partition over. */
  stopTimeoutMs: 5_000,
  /** Characters of an error that are stored with a delivery. */
  maxErrorLength: 300,
} as const;
