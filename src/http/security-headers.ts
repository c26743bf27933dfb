import type { Context, Middleware, Next } from 'koa';
import type { ClientAddresses } from './client-address.js';

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

export function securityHeaders(addresses: ClientAddresses): Middleware {
  return async (ctx: Context, next: Next) => {
    ctx.set(securityHeaderValues);
    if (addresses.isSecure(ctx.req)) ctx.set('Strict-Transport-Security', 'max-age=31536000');
    await next();
  };
}
