/** The command side's limits. */
export const commandLimits = {
  /** How often a command is decided anew when another process's command on the same order came first. */
  maxDecisions: 10,
  /** Commands on one order that wait for their turn in this process. */
  maxQueuedPerOrder: 200,
} as const;
