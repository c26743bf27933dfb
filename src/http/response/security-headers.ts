/** The part that the Content-Security-Policy of every response has. */
export const noFrames = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/**
 * The headers that every response begins with, as a list of names and values. Browsers then do not
 * guess types, show responses in frames or load anything. Pages set a policy of their own.
 */
export const securityHeaders: readonly string[] = Object.entries({
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': `default-src 'none'; ${noFrames}`,
  'Cross-Origin-Resource-Policy': 'same-origin',
}).flat();
