import cors from '@koa/cors';
import type { Middleware } from 'koa';

/** Allows scripts of these origins to call the API from a browser (CORS, Fetch Standard 3.2). */
export function crossOrigin(origins: readonly string[]): Middleware {
  return cors({
    origin: (ctx) => (origins.includes(ctx.get('origin')) ? ctx.get('origin') : ''),
    allowMethods: ['GET', 'POST', 'DELETE'],
    allowHeaders: [
      'Authorization',
      'Content-Type',
      'Idempotency-Key',
      'If-Match',
      'If-None-Match',
      'Last-Event-ID',
      'Min-Event-Position',
      'Prefer',
      'Traceparent',
      'X-Request-Id',
    ],
    exposeHeaders: [
      'ETag',
      'Event-Position',
      'Idempotency-Replayed',
      'Link',
      'Location',
      'Preference-Applied',
      'RateLimit',
      'RateLimit-Policy',
      'Retry-After',
      'X-Request-Id',
    ],
    maxAge: 600,
    keepHeadersOnError: false,
  });
}
