/** Limits of a batch of commands. */
export const batchLimits = {
  /** Bytes of one line: as many as the body of a single command may have. */
  maxLineBytes: 512 * 1024,
  /** Lines that are handled as one group, if the rate limit allows them. */
  maxGroupLines: 100,
  /** Groups of one batch in flight: while some are appended, others are validated and decided. */
  maxGroupsInFlight: 8,
  /** Batches in flight. One caller gets 80 % of them; further ones get 503. */
  maxBatches: 125,
  /**
   * Lines of all batches in flight. Callers take turns. The queue of appends (`maxQueuedAppends`)
   * has room for them, and for the commands beside them.
   */
  maxLinesInFlight: 4_000,
  /**
   * A line counts as one line per this number of bytes. Lines in flight then take up to 4 MiB, and
   * ten times as much while they are handled.
   */
  bytesPerLine: 1024,

  // Results that the client has not read yet

  /** Bytes of results in memory, for each batch. */
  maxSpoolMemoryBytes: 256 * 1024,
  /**
   * Bytes of results in temporary files that wait to be read, for each batch: the results of half a
   * million lines.
   */
  maxUnreadSpoolBytes: 64 * 1024 * 1024,
  /** Bytes of one temporary file. The space of a file is free again once all of it was read. */
  spoolFileBytes: 8 * 1024 * 1024,
  /** Bytes of results in temporary files, for all batches. */
  maxSpoolBytes: 512 * 1024 * 1024,
  /** Part of these bytes that the batches of one caller can use. */
  maxSpoolShare: 0.5,
  /** Bytes that one read of a temporary file takes. */
  spoolPieceBytes: 64 * 1024,
} as const;
