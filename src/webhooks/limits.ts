/** The limits of webhooks. */
export const webhookLimits = {
  maxWebhooks: 100,
  /** Events of one partition that are written down for one subscription at once. */
  maxEnqueuedAtOnce: 500,
  /** Deliveries that wait for one subscription in one partition; then its checkpoint stands still until there is room. */
  maxPendingPerPartition: 10_000,
  /** Deliveries in hand at once: to one address, and of this process. */
  maxInFlightPerWebhook: 8,
  maxInFlight: 64,
  /** An address has to have answered by then. */
  attemptTimeoutMs: 15_000,
  /** Of an answer no more than this is read: only its status counts. */
  maxAnswerBytes: 16 * 1024,
  /** Waits between attempts: doubled each time, from the first to the longest, and made up to a half shorter at random. */
  minRetryDelayMs: 5_000,
  maxRetryDelayMs: 3_600_000,
  /** What could not be delivered for this long becomes a dead letter. */
  giveUpAfterMs: 24 * 3_600_000,
  /** After a rotation the secret before signs along for this long. */
  previousSecretMs: 24 * 3_600_000,
  /** What is due is looked for at least this often. */
  pollIntervalMs: 1_000,
  /** How long a stopping process waits for the attempts in hand. */
  stopTimeoutMs: 5_000,
  maxErrorLength: 300,
} as const;
