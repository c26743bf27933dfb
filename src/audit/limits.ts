/** The limits of audits. */
export const auditLimits = {
  /**
   * Length of one event in an exported file. In a file with a damaged line end or quote, everything
   * that follows would otherwise be read into memory as one event.
   */
  maxExportedEventLength: 16 * 1024 * 1024,
  /**
   * Events of one partition whose versions one statement compares. Their rows are in another order
   * than the index, so each may cost one read from a cold disk. At 5 ms per read, the statement
   * still ends within `statementTimeoutMs`.
   */
  maxStreamEventsPerPage: 2_000,
  /**
   * Length of one part of the text of an order's proof. Each part waits for its turn among the
   * pages of the log. A part may exceed this by one event.
   */
  proofPartLength: 64 * 1024,
} as const;
