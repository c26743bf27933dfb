/** What every page's Content-Security-Policy has in common. */
export const noFrames = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Headers that keep a browser from making of an answer what it is not, as a list of names and values. Pages loosen the policy for what they need. */
export const securityHeaders: readonly string[] = Object.entries({
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': `default-src 'none'; ${noFrames}`,
  'Cross-Origin-Resource-Policy': 'same-origin',
}).flat();
