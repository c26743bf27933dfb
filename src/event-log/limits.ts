/** The event log's limits. Every wait on PostgreSQL is bounded by one of them. */
export const eventLogLimits = {
  /** Events in one call of append: beyond this a larger batch gains nothing and holds the partitions' locks longer. */
  maxBatchEvents: 500,
  /**
   * A busy process gathers appends for a call, or streams to load for a query, for so long at the most, and no longer once there are so many:
   * what a call costs whatever it carries is then a quarter of it.
   */
  maxCoalesceMs: 10,
  coalescedEnough: 64,
  /**
   * Calls in flight. The second goes out once as much waits as it can carry, and follows the first without a pause; or once the first has taken this long,
   * on a connection of its own. What waits until then makes it larger, and what waits longer, behind a slow disk or a lock, is not held up by it.
   */
  maxAppendCalls: 2,
  appendCallSlowMs: 50,
  /** A call that takes longer waits for a lock: it no longer counts, so that two partitions held up don't hold up all. */
  appendCallBlockedMs: 300,
  /** Bytes of one call, so that a batch of the largest orders stays a small message. */
  maxBatchBytes: 4 * 1024 * 1024,
  /** Appends waiting in this process over all partitions. More arrive faster than the disk takes them: refuse early. */
  maxQueuedAppends: 5_000,
  /**
   * Bytes of events that a process keeps for its own projectors once it has appended them, over all partitions. Beyond that they are
   * read from the log.
   */
  maxKeptBytes: 16 * 1024 * 1024,
  /** What an event takes in memory beside its text. */
  eventObjectBytes: 1_024,
  /** How often an event is appended anew at a stream's end when others came first. */
  maxAppendAttempts: 50,
  /** Streams waiting to be loaded in this process. */
  maxQueuedLoads: 5_000,
  /** Streams loaded by one query. */
  maxStreamsPerLoad: 200,
  /** Events read of a partition by one query. */
  maxReadEvents: 1_000,
  /** Events of a partition that one COPY gives: none of them is kept, and it has to end within the statement's time. */
  maxCopiedEvents: 10_000,
  /** Processes look this often for partitions to take or to hand over, and thereby show that they live. */
  ownershipIntervalMs: 500,
  /** An owner that shows no life for this long is taken for dead: the server ends its session, which frees its locks. */
  ownershipTimeoutMs: 3_000,
  connectTimeoutMs: 5_000,
  /** The server gives up a statement after this, the client a little later. */
  statementTimeoutMs: 15_000,
  queryTimeoutMs: 20_000,
  /** How long starting processes wait for the one that migrates. */
  migrationLockTimeoutMs: 120_000,
  /** Under load notifications are this far apart: each is a transaction, and one tells of all partitions. */
  notifyIntervalMs: 5,
  /** All heads are read this often, since a notification is only a hint. */
  headsPollIntervalMs: 1_000,
  /** A listener that lost its connection tries again this often, for ever. */
  listenRetryIntervalMs: 250,
  /** The listener checks this often that its connection still lives. */
  listenCheckIntervalMs: 5_000,
} as const;
