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
  /** Positions whose changes are read at once from the feed. */
  maxFeedPositions: 500,
  /** Latest changes that are kept in memory for each partition, so that those who follow share one reading. */
  maxKeptChanges: 500,
  /** Those who follow are woken at most this often, all together. */
  feedWakeIntervalMs: 20,
  /** How far the feed is is looked at this often while somebody follows, since the message that tells of it may get lost. */
  feedPollIntervalMs: 1_000,
  /** Requests that wait for positions in this process. */
  maxWaiting: 20_000,
} as const;
