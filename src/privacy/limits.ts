/** The limits of what is kept about persons. */
export const privacyLimits = {
  /** A key read from the database is used this long before it is read again: so long after its destruction it may still be in use. */
  keyCacheMs: 2_000,
  /** Requests that wait for a user's key in this process. */
  maxQueuedUsers: 5_000,
  /** Users whose keys are looked up, or made, by one query. */
  maxUsersPerQuery: 500,
  /** Keys kept in memory. */
  maxCachedKeys: 20_000,
} as const;
