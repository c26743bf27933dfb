/** The limits of access control. */
export const accessLimits = {
  /** Whether keys have changed is asked this often: revoking takes effect within a second everywhere. */
  keysPollIntervalMs: 400,
  /** A key that is not known yet makes the keys be read at once, but not more often than this. */
  minKeysReadIntervalMs: 100,
  /** A key set is asked for anew after this, and at once (not more often than jose's cooldown) for a key id that it lacks. */
  jwksMaxAgeMs: 600_000,
  jwksCooldownMs: 5_000,
  jwksTimeoutMs: 3_000,
  /** Clocks differ: by this much an exp or nbf may be off. */
  clockToleranceSeconds: 5,
  maxTokenLength: 8_192,
  maxSubjectLength: 200,
} as const;
