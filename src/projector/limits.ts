/** The projector runtime's limits. */
export const projectorLimits = {
  /**
   * Events folded and applied in one step. Bounds memory, and how long the step occupies Redis (5 ms a thousand). The more there are
   * of an order in one step, the fewer writes it takes.
   */
  maxStepEvents: 2_000,
  /** Steps of more events are computed piece by piece, and others come in between. */
  maxEventsWithoutYield: 200,
  /** Whoever is so far behind reads whole pages, and takes turns with others that are. */
  farBehindEvents: 500,
  /** Steps in hand at once of live read models that are far behind: one reads while others fold and one writes. */
  maxCatchUpStepsInFlight: 3,
  /** Words of one write in Redis: its script engine unpacks them onto a small stack. */
  maxWordsPerWrite: 4_000,
  /**
   * A call that has so many words, some seven orders' steps, takes no further partition's. With more Redis would begin later, and keep whoever else
   * asks it waiting for longer; with fewer there would be more calls.
   */
  fullCallWords: 400,
  /** An idle owner looks this often whether its checkpoints are still what it left (Redis may have come back empty). */
  checkpointCheckIntervalMs: 500,
  /** A process that does something for this share of the time is busy: its steps are then put off, to become fewer and larger. */
  busyUtilization: 0.7,
  /** Over how long that is measured. */
  utilizationIntervalMs: 100,
  /** How long a busy process puts off a step that nobody is known to wait for. */
  lingerMs: 20,
  /** Waits between tries while PostgreSQL or Redis is away. */
  minRetryDelayMs: 50,
  maxRetryDelayMs: 1_000,
  /** How long a stopping process waits for the steps in hand. */
  stopTimeoutMs: 5_000,
  /** Owners report their heads and states this often. */
  reportIntervalMs: 1_000,
  /** How often a comparison of generations tries to have both stand still at the same position. */
  maxComparisonAttempts: 5,
  /** A report that nobody renews is forgotten: that of a release that is gone. */
  reportLifeSeconds: 3_600,
  /** Every projector looks this often which generations there are to fill; a message usually tells it earlier. */
  generationsIntervalMs: 500,
  /** Steps of rebuilds in hand at once in a process: the rest of it has requests to answer. */
  maxRebuildStepsInFlight: 2,
  /** A process that has appended nothing for this long takes no commands just now. */
  commandsQuietMs: 100,
  /**
   * How long a rebuild rests after a step while the process takes commands: so many times what the step took, and at most so long. With
   * more than 3 it might not catch up with a process that takes all the commands it can.
   */
  rebuildPauseFactor: 3,
  maxRebuildPauseMs: 1_000,
  /** Rebuilds that were asked for within this time read the log together. */
  sharedRebuildMs: 5_000,
  /** Connections on which whole pages of the log are read, beside those of the commands. */
  rebuildPoolSize: 2,
  /** While something is rebuilt, its coordinator looks this often. */
  coordinateIntervalMs: 200,
  /** Samples from which the speed of a rebuild is told. */
  maxRateSamples: 25,
  /** A generation this near to the log's end in every partition is made live. */
  maxFlipLagEvents: 500,
  /** How long the live generation stands still at the most while the next one takes over; if it takes longer, later again. */
  flipTimeoutMs: 2_000,
  flipCheckIntervalMs: 5,
  /** An owner whose checkpoint is frozen looks this often whether it may go on. */
  frozenCheckIntervalMs: 20,
  /** A checkpoint that is frozen for longer was left so by somebody who died: its owner goes on. */
  freezeTimeoutMs: 5_000,
  /** A generation's keys are removed this long after it was left: by then every owner has stopped filling it. */
  retiredGraceMs: 2_000,
  /** For this long a removed generation's checkpoint tells late owners that it is gone. */
  retiredCheckpointSeconds: 600,
  removedKeysPerScan: 500,
  /** Keys, or entries of one, looked at by one step of a comparison. */
  entriesPerScan: 500,
  /** Differences checked while a live generation stands still for them. */
  maxEntriesComparedWhileFrozen: 200,
  /** Steps in hand at once of a replay that is only looked at: it runs in a process of its own. */
  maxScratchStepsInFlight: 4,
  /** Processes of an older version that showed no life for this long are gone, and their generation is removed. */
  versionSeenTimeoutMs: 60_000,
  /** A generation built only to be looked at is removed when its builder is silent for this long. */
  scratchLeaseMs: 60_000,
} as const;
