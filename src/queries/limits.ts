/** The limits of queries. */
export const queryLimits = {
  /** Items of a page (orders, dead letters) if the client gives no `limit`. */
  defaultPageSize: 50,
  /** Items of a page at most. Bounds the size of one response. */
  maxPageSize: 200,
  /**
   * Index entries read for one page of orders. With a filter that the index does not cover, few of
   * them may match; the page then ends early and has a cursor, so that no request takes long.
   */
  maxScannedPerPage: 5_000,
  /** Buckets of one metrics series. Bounds the size of one response. */
  maxSeriesBuckets: 10_000,
  /** Months, days and hours whose figures one series reads from each partition. Bounds its cost. */
  maxFigureFields: 20_000,
  /** The wait for Min-Event-Position, in ms. After it the query fails rather than show old data. */
  maxPositionWaitMs: 5_000,
  /**
   * Requests of this process that wait for positions. Each holds a timer and a response. Beyond it,
   * a request does not wait: it is treated as if its timeout had passed.
   */
  maxWaiting: 20_000,
  /** Interval, in ms, at which waits read the checkpoints: a message about a step may be lost. */
  checkpointPollIntervalMs: 50,
  /** Attempts of one query. An attempt fails if another generation becomes live while it reads. */
  maxGenerationChanges: 5,
  /** Positions whose changes one read of the feed returns. Bounds the memory of that read. */
  maxFeedPositions: 500,
  /** Newest changes of each partition that stay in memory, so that followers share one read. */
  maxKeptChanges: 500,
  /** Interval, in ms, at which followers are woken, all together, for all steps in between. */
  feedWakeIntervalMs: 20,
  /**
   * Interval, in ms, at which the feed reads the checkpoints while it has followers, since a
   * message about a step may be lost.
   */
  feedPollIntervalMs: 1_000,
} as const;
