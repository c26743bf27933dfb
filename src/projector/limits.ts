/** The limits of the projector. Each name ends with its unit, or says what it counts. */
export const projectorLimits = {
  // Steps

  /**
   * Events that one step folds and applies. It bounds memory, and how long a step occupies Redis:
   * about 5 ms per 1,000 events. A large step also saves writes, because several events of one
   * order become one write.
   */
  maxStepEvents: 2_000,
  /**
   * Bytes of the entries that the fold of one step loads from Redis. A step that needs more folds
   * fewer events: a thousand notes on the largest orders would load, and write, half a gigabyte.
   */
  maxLoadedBytes: 8 * 1024 * 1024,
  /** Entries that are read without a limit of bytes: together they are at most 8 MiB. */
  maxUnmeasuredFields: 16,
  /**
   * Events that a step may compute without yielding to the event loop. Larger steps yield between
   * their parts, so that requests and other steps come in between.
   */
  maxEventsWithoutYield: 200,
  /**
   * Words (command name, key and arguments) of one write. Redis unpacks the words of a write onto
   * the small stack of its script engine.
   */
  maxWordsPerWrite: 4_000,
  /**
   * Words from which on a call of apply-steps.lua is full, about the steps of seven orders. Longer
   * calls would start later and block other users of Redis for longer; shorter ones would be more.
   */
  fullCallWords: 300,

  /** Bytes from which on a call of apply-steps.lua is full, so that large steps share no call. */
  fullCallBytes: 256 * 1024,

  // Catching up

  /**
   * Lag in events from which on a projector is far behind. It then reads whole pages, on
   * connections that commands do not use, and shares a semaphore with others that are far behind.
   */
  farBehindEvents: 500,
  /** Steps in flight of live generations that are far behind. One reads, one folds, one writes. */
  maxCatchUpStepsInFlight: 3,
  /** Steps in flight of rebuilds in one process. The rest of the process serves requests. */
  maxRebuildStepsInFlight: 2,
  /** Steps in flight of a scratch generation. It is built by a process that serves no requests. */
  maxScratchStepsInFlight: 4,
  /** Connections that read whole pages of the log, beside the connections of commands. */
  rebuildPoolSize: 2,

  // Commands first

  /** A process that has appended nothing for this long takes no commands at present. */
  commandsQuietMs: 100,
  /**
   * While the process takes commands, a rebuild pauses after each step for the step's duration
   * times this factor. With a factor above 3 a rebuild might not catch up with a fully loaded
   * process.
   */
  rebuildPauseFactor: 3,
  /** Upper bound of that pause. */
  maxRebuildPauseMs: 1_000,

  // Lingering under load

  /**
   * Share of time, 0 to 1, from which on the event loop is busy. Steps then linger, so that they
   * become fewer and larger: a step costs mostly the same for few events as for many.
   */
  busyUtilization: 0.7,
  /** The interval over which the utilization of the event loop is measured. */
  utilizationIntervalMs: 100,
  /** Delay of a step in a busy process, if no request is known to wait for its events. */
  lingerMs: 20,

  // Waiting and retrying

  /** An idle owner reads its checkpoints this often: Redis may have come back empty or older. */
  checkpointCheckIntervalMs: 500,
  /** An owner of a frozen checkpoint reads it this often. */
  frozenCheckIntervalMs: 20,
  /**
   * First delay before a retry while PostgreSQL or Redis is unavailable. It doubles with each
   * retry.
   */
  minRetryDelayMs: 50,
  /** Upper bound of that delay. */
  maxRetryDelayMs: 1_000,
  /** How long a stopping process, or one that hands over a partition, waits for steps in flight. */
  stopTimeoutMs: 5_000,

  // Generations and rebuilds

  /** Each projector reads this often which generations exist. A message usually arrives earlier. */
  generationsIntervalMs: 500,
  /** Rebuilds that are requested within this time of the first of a group read the log together. */
  sharedRebuildMs: 5_000,
  /** The coordinator measures and tries to flip rebuilds this often. */
  coordinateIntervalMs: 200,
  /** Samples, one per coordinateIntervalMs, from which the speed of a rebuild is computed. */
  maxRateSamples: 25,
  /**
   * Events of a partition that count as the first ones of a log: a new owner that finds the
   * partition at the start fills them without refusing queries. It takes one step.
   */
  maxFirstEvents: 500,
  /** A generation is flipped once it lags at most this many events in every partition. */
  maxFlipLagEvents: 500,
  /**
   * How long a flip may keep the live checkpoints frozen. After that it is given up and retried.
   */
  flipTimeoutMs: 2_000,
  /** During a flip the coordinator reads the new generation's checkpoints this often. */
  flipCheckIntervalMs: 5,
  /** An owner thaws a checkpoint that is frozen for longer: the process that froze it has died. */
  freezeTimeoutMs: 5_000,
  /**
   * The keys of a retired generation are removed this long after its retirement. By then every
   * owner has read that the generation is retired and has stopped filling it.
   */
  retiredGraceMs: 2_000,
  /**
   * For this long the checkpoints of a removed generation keep late owners from filling it again.
   */
  retiredCheckpointSeconds: 600,
  /** Keys that one SCAN looks at while a generation is removed. */
  removedKeysPerScan: 500,
  /**
   * A version is gone if no process has announced it for this long. Its generations are retired.
   */
  versionSeenTimeoutMs: 60_000,
  /**
   * The same for a version that is newer than that of this process: it was rolled back, and may
   * come again. Until then its read models take memory.
   */
  newerVersionSeenTimeoutMs: 24 * 3_600_000,

  // Dry runs

  /** A scratch generation is removed if its builder has not renewed its lease for this long. */
  scratchLeaseMs: 60_000,
  /** The builder of a scratch generation reads its checkpoints this often. */
  scratchCheckIntervalMs: 5,
  /** Keys that one SCAN looks at while the keys of a generation are listed. */
  keysPerScan: 500,
  /** Entries of one key after which a page ends. Pages of large entries have fewer. */
  entriesPerPage: 500,
  /**
   * Bytes after which a round trip that reads entries of a generation ends. It may exceed them by
   * 16 entries: an order of 5,000 lines takes about 500 KiB.
   */
  maxComparedBytes: 4 * 1024 * 1024,
  /** Keys of two generations whose first pages are read at once to compare them. */
  keysComparedAtOnce: 16,
  /**
   * Entries that are compared per freeze of the live generation, which bounds how long it is
   * frozen. If entries are large, only those that one round trip reads are compared
   * (`maxComparedBytes`).
   */
  maxEntriesComparedWhileFrozen: 200,
  /** Partitions that are folded into memory and compared at the same time. */
  foldedPartitionsAtOnce: 2,
  /**
   * Bytes that folded read models may take in memory, over all partitions that are compared at the
   * same time: those of about 500,000 orders. Of a smaller heap it is `maxFoldedHeapShare`.
   */
  maxFoldedBytes: 1_536 * 1024 * 1024,
  /** Share of the heap's limit, 0 to 1, that folded read models may take. */
  maxFoldedHeapShare: 0.4,
  /**
   * Factor by which folded read models may exceed their bytes by the events that come while they
   * are compared.
   */
  foldedGrowth: 1.25,
  /** Entries that one round trip reads while folded read models are compared: about 300 KiB. */
  maxComparedEntries: 2_000,
  /**
   * Characters of entries after which such a round trip ends, if its entries are large. Two of them
   * are in memory.
   */
  maxComparedLength: 4 * 1024 * 1024,
  /**
   * Length of the differences that are held until no partition is too large to be folded. Further
   * ones are reported at once, and all of them again by the replay that follows.
   */
  maxHeldLength: 4 * 1024 * 1024,
  /**
   * Bytes in memory of the entries of one partition of a generation that are compared again because
   * they differ: about 100,000 entries. Further ones are left out, and the result says so.
   */
  maxSuspectsBytes: 8 * 1024 * 1024,
  /**
   * The same for all partitions of a dry run together, since they are read at once: about 900,000
   * entries. Many may differ by time alone, if the log grows quickly meanwhile.
   */
  maxDryRunSuspectsBytes: 64 * 1024 * 1024,
  /** Attempts to compare both generations at the same position. */
  maxComparisonAttempts: 5,

  // Reports

  /** An owner reports the heads and states of its partitions this often. */
  reportIntervalMs: 1_000,
} as const;
