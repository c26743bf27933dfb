/** Limits of a batch of commands. */
export const batchLimits = {
  /** Bytes of one line: as many as the body of a single command may have. */
  maxLineBytes: 512 * 1024,
  /** Lines that are handled as one group. The rate limit is charged for this many at once. */
  maxGroupLines: 100,
  /**
   * Groups of one batch in flight: while some are appended, others are validated and decided. The
   * queue of appends (`maxQueuedAppends`) has room for six batches that use this limit. With more
   * batches, lines may be rejected as overload.
   */
  maxGroupsInFlight: 8,
} as const;
