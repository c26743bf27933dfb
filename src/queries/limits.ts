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
  /** Index entries that one round trip reads while few orders match the filters. */
  maxScannedPerRead: 512,
  /** Bytes of orders read for one page: the same limit for pages whose orders are large. */
  maxScannedBytes: 8 * 1024 * 1024,
  /**
   * Characters of the orders of one page, or of the changes of its events. The page ends early,
   * after at least one of them: 200 of the largest orders would be more than 100 MB.
   */
  maxPageLength: 1024 * 1024,
  /**
   * Bytes of the entries of one page of a history, as they are stored. Its JSON is about four times
   * as long.
   */
  maxHistoryBytes: 256 * 1024,
  /**
   * Lines of orders, old and new ones, that one page of a history compares for the changes of its
   * events. Bounds the processor time of a page to about half a second.
   */
  maxComparedLines: 100_000,
  /** Bytes that one call to Redis reads. Beyond it, a query makes another call. */
  maxReadBytes: 1024 * 1024,
  /**
   * Orders or events that a query reads without asking for their sizes first. Each is at most as
   * large as the body of a request, so together they are at most 8 MiB.
   */
  maxUnmeasuredReads: 16,
  /**
   * First entries of orders that one call to Redis reads. Each has 30 kB at most, a page's usually
   * 15 kB together, so that their sizes are not asked for: that would double the calls of a page.
   */
  maxHeadsPerRead: 256,
  /** Events whose positions one call to Redis names. */
  maxEventsPerRead: 512,
  /** Buckets of one metrics series. Bounds the size of one response. */
  maxSeriesBuckets: 10_000,
  /** Months, days and blocks whose figures a query reads from each partition. Bounds its cost. */
  maxFigureFields: 20_000,
  /**
   * Fields of figures (about 1 kB each) that one round trip reads for a series. The query yields to
   * the event loop between its round trips.
   */
  maxFiguresPerRead: 2_048,
  /** The wait for Min-Event-Position, in ms. After it the query fails rather than show old data. */
  maxPositionWaitMs: 5_000,
  /**
   * Requests of this process that wait for positions. Each holds a timer and a response. Beyond it,
   * a request does not wait: it is treated as if its timeout had passed.
   */
  maxWaiting: 20_000,
  /** Interval, in ms, at which waits read the checkpoints: a message about a step may be lost. */
  checkpointPollIntervalMs: 50,
  /**
   * Attempts of one query. An attempt fails if one of these happens while it reads: another
   * generation becomes live, a connection to Redis is lost, or keys of a cluster get another
   * primary.
   */
  maxQueryAttempts: 5,
  /** Positions whose changes one read of the feed returns. */
  maxFeedPositions: 500,
  /**
   * Bytes of the entries that one read of the feed returns, as they are stored. Each of thousands
   * of followers may hold one read in memory.
   */
  maxFeedBytes: 16 * 1024,
  /**
   * Bytes of the first entries of orders that one read of the feed looks up, to know their users.
   */
  maxFeedLookupBytes: 256 * 1024,
  /** Reads of the feed in flight. With the two limits above it bounds their memory to 10 MiB. */
  maxFeedReadsInFlight: 32,
  /** Newest changes of each partition that stay in memory, so that followers share one read. */
  maxKeptChanges: 500,
  /** Characters of all of these changes. Each partition has an equal share. */
  maxKeptLength: 8 * 1024 * 1024,
  /** Interval, in ms, at which followers are woken, all together, for all steps in between. */
  feedWakeIntervalMs: 20,
  /**
   * Interval, in ms, at which the feed reads the checkpoints while it has followers, since a
   * message about a step may be lost.
   */
  feedPollIntervalMs: 1_000,
  /**
   * Age, in ms, from which on the report of a partition's owner counts for nothing: owners report
   * each second. The partition is then unowned.
   */
  maxReportAgeMs: 5_000,
} as const;
