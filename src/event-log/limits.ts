/** The event log's limits. Every wait on PostgreSQL is bounded by one of them. */
export const eventLogLimits = {
  // Appends

  /**
   * Events in one append call. Larger calls gain nothing, and hold the partitions' locks longer.
   */
  maxBatchEvents: 500,
  /**
   * Bytes of event JSON in one append call, so that even the largest orders make a small message.
   */
  maxBatchBytes: 4 * 1024 * 1024,
  /**
   * Append calls in flight per process, without those of isolated partitions. With two, PostgreSQL
   * starts the second call as soon as the first has committed.
   */
  maxAppendCallsInFlight: 2,
  /**
   * An append call in flight for longer is slow: the disk is slow, or another session holds a lock.
   * The next call is then sent at once, on another connection. Beside a fast call it waits until it
   * is full. A full call takes about 10 ms.
   */
  appendCallSlowMs: 50,
  /**
   * An append call in flight for longer waits for a lock. It then no longer counts as in flight, so
   * that two blocked calls do not stop the queue. Above the append functions' `lock_timeout` of
   * 200 ms, which ends most calls for several partitions first.
   */
  appendCallBlockedMs: 300,
  /**
   * Appends that wait in this process, over all partitions. If this many wait, they arrive faster
   * than PostgreSQL commits them: further ones are rejected at once, with Overloaded.
   */
  maxQueuedAppends: 5_000,
  /**
   * Milliseconds, from when an append was first sent, within which it is sent again while its
   * outcome is unknown. After them its caller learns that it may have been done. Long enough for a
   * restart of PostgreSQL, and shorter than most clients wait.
   */
  settleTimeoutMs: 5_000,
  /** Milliseconds that are left for further attempts if the first one took longer. */
  minSettleTimeoutMs: 1_000,
  /** Milliseconds until such an append is first sent again. Doubled by each further attempt. */
  minSettleDelayMs: 50,
  /** The longest delay between two attempts. */
  maxSettleDelayMs: 500,
  /**
   * Attempts to append an operator's event at the end of a stream that other appends keep
   * extending.
   */
  maxAppendAttempts: 50,

  /**
   * Milliseconds between two tries of an append that is rolled back. They are made only while
   * appends of the process fail.
   */
  appendCheckIntervalMs: 1_000,
  /** Milliseconds that such a try waits for the partition's lock. A busy partition is not down. */
  appendCheckLockTimeoutMs: 200,

  // Recent events

  /**
   * Bytes of recent events: events that this process has appended and keeps in memory for its own
   * projectors. Shared equally by the partitions. Projectors read all other events from the log.
   */
  maxRecentEventBytes: 16 * 1024 * 1024,
  /** Bytes of memory that a recent event takes in addition to its JSON texts. */
  recentEventOverheadBytes: 1_024,

  // Coalescing: appends that share a call, and stream reads that share a query

  /**
   * Milliseconds for which requests that keep arriving delay the call that they share. The delay is
   * zero if the next turn of the event loop brings no further request.
   */
  maxCoalesceMs: 10,
  /**
   * Requests that end this delay. With 64, the fixed cost of a call is a quarter of the whole cost.
   */
  coalesceTarget: 64,

  // Reads

  /**
   * Streams that wait to be read in this process; of each partition, if the tables are distributed
   * over servers. Further reads are rejected with Overloaded.
   */
  maxQueuedLoads: 5_000,
  /** Streams that one query reads. */
  maxStreamsPerLoad: 200,
  /** Events of one stream that the first read returns: more than nearly all orders have. */
  maxFirstStreamEvents: 100,
  /**
   * Bytes of events of one stream, as they are stored and perhaps compressed, after which the first
   * read of it ends. 200 streams of the largest events are then a few hundred events to look at.
   */
  maxFirstStreamBytes: 16 * 1024,
  /** Events of one stream that a further read returns. */
  maxStreamPageEvents: 500,
  /** Bytes of events of one stream, as they are stored, after which a further read of it ends. */
  maxStreamPageBytes: 256 * 1024,
  /** Streams whose further pages one query reads. */
  maxStreamsPerPage: 8,
  /** Events of one partition that one query reads into memory. */
  maxReadEvents: 1_000,
  /**
   * Bytes of event JSON that one query or page reads into memory, over all of its partitions. A
   * page ends after the event that reaches it. An event is at most as large as the body of a
   * request.
   */
  maxReadBytes: 4 * 1024 * 1024,
  /**
   * Events of one partition that one COPY reads. They pass through memory one at a time, so the
   * bound is time: the COPY must end within `statementTimeoutMs`.
   */
  maxCopiedEvents: 10_000,

  // Ownership of partitions

  /**
   * Milliseconds between two rebalances, which count the processes that share the partitions. Their
   * statements are also the sign of life that keeps the session.
   */
  ownershipIntervalMs: 500,
  /**
   * Milliseconds without a statement after which PostgreSQL ends an owner's session and frees its
   * locks. The owner itself waits this long for a response. Six rebalances, so that a short pause
   * of the process does not cost its partitions.
   */
  ownershipTimeoutMs: 3_000,

  // Connections and statements

  /** Milliseconds until an attempt to connect fails. */
  connectTimeoutMs: 5_000,
  /**
   * Milliseconds for which connections share the primary that was found among several hosts. A
   * connection that fails ends it earlier.
   */
  primaryKeptMs: 1_000,
  /**
   * Milliseconds after which a reading of the heads is overdue, and a new connection is tried. A
   * reading takes about a millisecond.
   */
  readingOverdueMs: 2_000,
  /**
   * Milliseconds that a new connection has to respond in. With the overdue reading and the time to
   * the next one, a server that is gone is noticed within five seconds.
   */
  probeTimeoutMs: 2_000,
  /** Milliseconds between two such tries, until one succeeds. */
  probeIntervalMs: 500,
  /** Milliseconds that each host of a URL has to say whether it is the primary. */
  hostTimeoutMs: 2_000,
  /** Milliseconds after which the server cancels a statement. */
  statementTimeoutMs: 15_000,
  /**
   * Milliseconds after which the client gives up a query. Longer, so that the server's error comes
   * first.
   */
  queryTimeoutMs: 20_000,
  /**
   * Milliseconds that the end of a session may take. A server that is down does not respond to it.
   */
  endSessionTimeoutMs: 1_000,
  /** Milliseconds that a starting process waits for another one that migrates. */
  migrationLockTimeoutMs: 120_000,

  /**
   * Shards of each table that Citus distributes: one per partition, up to this many. More would
   * cost each worker more files and connections than they spread the partitions better.
   */
  maxShards: 128,

  // Heads

  /**
   * Milliseconds between two notifications under load. Each is a transaction, and one covers all
   * partitions that moved.
   */
  notifyIntervalMs: 5,
  /** Milliseconds between two reads of all heads. Notifications are only hints and may get lost. */
  headsPollIntervalMs: 1_000,
  /**
   * Milliseconds that a request waits for a reading of the heads, which shows whether the log went
   * back.
   */
  confirmTimeoutMs: 1_000,
  /**
   * Milliseconds between the beginnings of two readings of the heads that callers ask for, such as
   * rejections of commands. All calls in this interval share one reading, so a flood of rejections
   * costs up to 50 readings per second.
   */
  freshIntervalMs: 20,
  /**
   * Partitions whose heads are read at once, each by itself, while a server of a distributed
   * database is down.
   */
  maxPartitionStatesInFlight: 4,
  /**
   * Milliseconds that a server of a distributed database has to respond in when heads are read.
   */
  partitionStateTimeoutMs: 2_000,
  /**
   * Heads of a partition whose times a process remembers, to convert lags to seconds. Old lags are
   * less precise: with 256 heads, the error stays within a few percent.
   */
  maxHeadSamples: 256,
  /**
   * Milliseconds from which on a wrong clock of the database is reported. Clocks that are kept by
   * NTP differ by less than a second.
   */
  clockWarnMs: 5_000,
  /**
   * Default for the milliseconds by which the clock may be behind the last event before appends are
   * refused. A failover to a server whose clock is a little behind must not stop the service.
   */
  maxClockBehindMs: 60_000,
  /** Milliseconds between two attempts of a listener to reconnect. It never gives up. */
  listenRetryIntervalMs: 250,
  /** Milliseconds between two checks that the listener's connection is alive. */
  listenCheckIntervalMs: 5_000,
  /** Milliseconds that PostgreSQL has to respond to such a check, or to LISTEN. */
  listenTimeoutMs: 3_000,
} as const;
