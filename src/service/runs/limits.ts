/** The limits of runs, and of their results, which are kept for operators. */
export const runLimits = {
  /** Finished runs of one kind that are kept: verifications, and dry runs of each projection. */
  keptRuns: 20,
  /** Time in ms after which a run whose process has not reported counts as interrupted. */
  leaseMs: 10_000,
  /**
   * Interval in ms at which a run's process reports its progress and learns that it is cancelled.
   */
  reportIntervalMs: 500,
  /** Time in ms for which the end of a run is repeated if Redis does not record it. */
  endTimeoutMs: 600_000,
  /** Differences of a dry run that the API keeps, for each of `keptRuns`. All are counted. */
  keptDifferences: 200,
  /** Differences of one projection that a JSON document has. All of them are counted. */
  maxDifferencesInJson: 1_000,
  /** Length after which a text of a kept difference is cut: its key, its field or a value. */
  maxKeptTextLength: 500,
  /** Attempts to deliver that are kept for each webhook. */
  keptDeliveries: 50,
  /** Delay in ms to write attempts to deliver together. */
  deliveriesLingerMs: 250,
  /** Time in ms for which the last attempts of a webhook are kept after the newest one. */
  deliveriesLifeMs: 30 * 24 * 3_600_000,
} as const;
