/** The query side's limits. */
export const queryLimits = {
  defaultPageSize: 50,
  maxPageSize: 200,
  /** Index entries looked at for one page where a filter is checked on the orders themselves. Then a shorter page is given. */
  maxScannedPerPage: 5_000,
  /** Buckets of one metrics series. */
  maxSeriesBuckets: 10_000,
  /** Months, days and hours whose figures are read for one series, in each partition. */
  maxFigureFields: 20_000,
  /** A wait for Min-Event-Position. */
  maxPositionWaitMs: 5_000,
  /** Waiting for a position also looks at the checkpoints this often, since the message that tells of it may get lost. */
  checkpointPollIntervalMs: 50,
  /** How often one query begins again because another generation became live meanwhile. */
  maxGenerationChanges: 5,
  /** Requests that wait for positions in this process. */
  maxWaiting: 20_000,
} as const;
