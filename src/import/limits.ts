/** Limits of imports. */
export const importLimits = {
  /** Bytes of a file that are read at once. */
  readChunkBytes: 256 * 1024,
  /** Lines that are handled as one group. A larger group blocks the event loop for longer. */
  maxGroupLines: 125,
  /**
   * Groups in flight: enough for the next append to find a full call waiting. With `maxGroupLines`,
   * they are fewer lines than the queue of appends takes (`maxQueuedAppends`). So an import is
   * never rejected because of its own load.
   */
  maxGroupsInFlight: 16,
  /** Interval at which the progress of an import is saved. */
  saveIntervalMs: 1_000,
  /**
   * Lines of one CSV record. A quote that is not closed within them is an error of its own line,
   * and the lines after it are parsed on their own.
   */
  maxRecordLines: 100,
} as const;
