/** The limits of personal data and its keys. */
export const privacyLimits = {
  /**
   * Milliseconds for which a key that was read from the database is used from memory. A process may
   * use a key for this long after its destruction.
   */
  keyCacheMs: 2_000,
  /**
   * Requests that wait for a user's key in this process. Further requests are rejected with
   * Overloaded.
   */
  maxQueuedUsers: 5_000,
  /** Users whose keys one query looks up or creates. */
  maxUsersPerQuery: 500,
  /** Events of a partition that one statement searches for those of a person. */
  maxSearchedEvents: 10_000,
  /** Orders of a forgotten person that get their erasure at the same time. */
  maxErasuresInFlight: 32,
  /** Time in ms that a rewrite of Redis' append-only file may take. */
  rewriteTimeoutMs: 10 * 60_000,
  /** Keys in memory, in each of the two caches (by person and by user). */
  maxCachedKeys: 20_000,
} as const;
