/** Limits of access control. */
export const accessLimits = {
  /**
   * Interval at which a process checks whether API keys changed. Bounds the delay of a revocation.
   */
  keysPollIntervalMs: 400,
  /**
   * Shortest time between two reads of the API keys for keys that this process does not know.
   * Bounds the load on PostgreSQL when a client guesses keys.
   */
  minKeysReadIntervalMs: 100,
  /** Interval at which a process writes which API keys were used. */
  keyUseIntervalMs: 30_000,
  /** Age at which a key set of the issuer is fetched again. */
  jwksMaxAgeMs: 600_000,
  /** Interval at which a process checks whether a key set has to be fetched. */
  jwksCheckIntervalMs: 30_000,
  /** Shortest time between two fetches of a key set for key ids that it lacks. */
  jwksCooldownMs: 5_000,
  /** Time limit for fetching a key set. */
  jwksTimeoutMs: 3_000,
  /** Tolerance for `exp` and `nbf`, because clocks differ. */
  clockToleranceSeconds: 5,
  /** Time for which a ticket can open a stream. */
  ticketTtlMs: 60_000,
  /**
   * Rounds in which all keys of a creator are revoked. Each finds the keys that were created during
   * the one before.
   */
  maxRevocationRounds: 10,
  /** Characters of a token or API key. Longer ones are rejected before they are parsed. */
  maxTokenLength: 8_192,
  /** Characters of a token's subject, which becomes the actor in events. */
  maxSubjectLength: 200,
} as const;
