/** The projector runtime's limits. */
export const projectorLimits = {
  /** Events folded and applied in one step. Bounds memory, and how long the step occupies Redis. */
  maxStepEvents: 500,
  /** Words of one write in Redis: its script engine unpacks them onto a small stack. */
  maxWordsPerWrite: 4_000,
  /** An idle owner looks this often whether its checkpoints are still what it left (Redis may have come back empty). */
  checkpointCheckIntervalMs: 500,
  /** Waits between tries while PostgreSQL or Redis is away. */
  minRetryDelayMs: 50,
  maxRetryDelayMs: 1_000,
  /** Processes look this often for partitions to take or to hand over, and thereby show that they live. */
  ownershipIntervalMs: 500,
  /** An owner that shows no life for this long is taken for dead: the server ends its session, which frees its locks. */
  ownershipTimeoutMs: 3_000,
  /** How long a stopping process waits for the steps in hand. */
  stopTimeoutMs: 5_000,
  /** Owners report their heads and states this often. */
  reportIntervalMs: 1_000,
} as const;
