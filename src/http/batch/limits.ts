/** Limits of a batch of commands. */
export const batchLimits = {
  /** Bytes of one line. As large as the body of a single command may be. */
  maxLineBytes: 512 * 1024,
  /** Lines of one batch that are handled as one group. The rate limit is charged for this many at once. */
  maxGroupLines: 100,
  /**
   * Groups of one batch in flight: while some are appended, others are validated and decided. The queue of
   * appends (`maxQueuedAppends`) has room for six batches at this limit. Beyond that, lines may be rejected as
   * overloaded.
   */
  maxGroupsInFlight: 8,
  /** Milliseconds without a byte of the batch, after which the connection is closed. The whole batch has no time limit. */
  idleTimeoutMs: 90_000,
} as const;
