/** The limits of audits. */
export const auditLimits = {
  /**
   * Length of one event in an exported file. In a file with a damaged line end or quote, everything
   * that follows would otherwise be read into memory as one event.
   */
  maxExportedEventLength: 16 * 1024 * 1024,
} as const;
