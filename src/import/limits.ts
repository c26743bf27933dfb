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
  /** Steps of orders in flight. Each reads its order, on a connection that others wait for. */
  maxStepsInFlight: 250,
  /** Interval at which the progress of an import is saved. */
  saveIntervalMs: 1_000,
  /**
   * Lines of one CSV record. A quote that is not closed within them is an error of its own line,
   * and the lines after it are parsed on their own.
   */
  maxRecordLines: 100,
  /**
   * Bytes in which the first line break is looked for. A first line that is longer would be too
   * long to be read.
   */
  lineBreakBytes: 1024 * 1024,
  /** Bytes at the start of a file by which a message guesses what the file needs. */
  hintBytes: 64 * 1024,
  /**
   * Characters of an order's idempotency key. A longer one is hashed. With the name of a step
   * behind it, it stays within `maxIdempotencyKeyLength`.
   */
  maxKeyCharacters: 170,
  /**
   * Characters that name a payment or a refund in its idempotency key, behind the order's key and
   * the name of the step. A longer id is hashed.
   */
  maxTransactionKeyCharacters: 10,
  /** Characters of the hash that names the column of ids in the key of a payment or a refund. */
  idColumnHashCharacters: 8,
  /**
   * Slots of the table in which repeated keys are looked for: 12 bytes each. A file with more keys
   * is read several times.
   */
  maxKeySlots: 4 * 1024 * 1024,
  /** Characters of a rejected record in the file of rejected records. The rest is cut off. */
  maxRejectedCharacters: 16_384,
  /** Orders of several rows that are handled as one group. Each has several lines. */
  maxGroupOrders: 50,
  /**
   * Bytes of a file for which its rows get one bucket on disk. A bucket is read at once, and takes
   * several times as much memory.
   */
  bucketBytes: 4 * 1024 * 1024,
  /** Buckets of a file: each is an open file with a part of the buffer. */
  maxBuckets: 256,
  /** Bytes of one bucket. Only rows of one value, which are no order, lead to more. */
  maxBucketBytes: 128 * 1024 * 1024,
  /** Characters of rows that wait to be written to their buckets. */
  spillBufferCharacters: 8 * 1024 * 1024,
  /** Times that are remembered by their text. A full map is emptied. */
  maxKnownTimes: 4_000,
  /**
   * Characters of events that a dry run remembers, to decide further commands on their orders. The
   * objects around them take several times as much.
   */
  maxDryRunCharacters: 8_000_000,
  /** Rejected records whose reasons the terminal shows. The file has all. */
  maxShownRejections: 5,
} as const;
