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
  /**
   * Bytes of the events of one order, about: their characters. Beyond it only commands that close
   * the order are accepted. Bounds what the first command on it, a proof, and forgetting its person
   * have to read.
   */
  maxStreamBytes: 32 * 1024 * 1024,
  /** Bytes of folded orders with long streams that stay in memory, so that they are read once. */
  maxCachedOrderBytes: 16 * 1024 * 1024,
  /** Interval in ms at which kept orders of forgotten persons are looked for. */
  forgottenCheckIntervalMs: 1_000,
  /** Commands on orders with long streams that run at once. Each order takes up to 4 MiB. */
  maxLongOrdersInFlight: 8,
  /** Commands on such orders that wait. Further ones are rejected with Overloaded. */
  maxWaitingForLongOrders: 500,
  /** Time in ms that such a command waits for its turn. Then it is rejected with Overloaded. */
  maxLongOrderWaitMs: 6_000,
  /** Events that are folded before time is looked at. A large one takes about a millisecond. */
  maxFoldedAtOnce: 10,
} as const;
