/** The limits of handling commands. */
export const commandLimits = {
  /**
   * Attempts to decide and append one command. An attempt fails if something else is appended to
   * the order first. After the last one the command ends as `contended`.
   */
  maxDecisions: 10,
  /**
   * Order ids that one Idempotency-Key may reserve, one after the other: each but the last was
   * taken by another order. Bounds the stream that is read for the key.
   */
  maxReservationsPerKey: 20,
  /**
   * Commands on one order in this process, running or waiting. They run one at a time, so that
   * further ones would wait too long: those are rejected with Overloaded.
   */
  maxQueuedPerOrder: 200,
} as const;
