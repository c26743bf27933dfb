/** The limits of the registry of processes. */
export const registryLimits = {
  /** Interval in ms at which a process reports that it runs. */
  reportIntervalMs: 2_000,
  /** Time in ms after its last report at which a process is no longer listed. */
  reportLifeMs: 15_000,
} as const;
