/** The limits of handling commands. */
export const commandLimits = {
  /**
   * Attempts to decide and append one command. An attempt fails if something else is appended to
   * the order first. After the last one the command ends as `contended`.
   */
  maxDecisions: 10,
  /**
   * Commands on one order in this process, running or waiting. They run one at a time, so that
   * further ones would wait too long: those are rejected with Overloaded.
   */
  maxQueuedPerOrder: 200,
} as const;
