import type { ServerResponse } from 'node:http';

/** What every page's Content-Security-Policy has in common. */
export const noFrames = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Headers that keep a browser from making of an answer what it is not. Pages loosen the policy for what they need. */
export const securityHeaderValues = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': `default-src 'none'; ${noFrames}`,
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

const headers = Object.entries(securityHeaderValues);

/** @param secure whether the client came by TLS: then its browser is told to keep to that. */
export function setSecurityHeaders(response: ServerResponse, secure: boolean): void {
  for (const [name, value] of headers) response.setHeader(name, value);
  if (secure) response.setHeader('Strict-Transport-Security', 'max-age=31536000');
}
