import type { Context } from 'koa';
import { ProblemError, problem } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';

function invalidHeader(name: string, form: string): ProblemError {
  return new ProblemError(problem('invalid-header', `${name} ${form}`));
}

/** The caller's Idempotency-Key, if it sent one. Printable ASCII; a quoted string (RFC 8941) counts without its quotes. */
export function idempotencyKey(ctx: Context): string | undefined {
  if (ctx.headers['idempotency-key'] === undefined) return undefined;
  return checkedIdempotencyKey(ctx.get('idempotency-key').replace(/^"(.*)"$/, '$1'), 'Idempotency-Key');
}

export function checkedIdempotencyKey(key: string, name: string): string {
  if (!isIdempotencyKey(key)) {
    throw invalidHeader(name, `has to be 1 to ${limits.maxIdempotencyKeyLength} printable ASCII characters.`);
  }
  return key;
}

export function isIdempotencyKey(key: unknown): key is string {
  return typeof key === 'string' && /^[\x20-\x7e]+$/.test(key) && key.length <= limits.maxIdempotencyKeyLength;
}

/** The version that If-Match pins the order to; undefined without the header, or for `*`. */
export function expectedVersion(ctx: Context): number | undefined {
  const header = ctx.get('if-match');
  if (header === '' || header === '*') return undefined;
  const match = /^"(\d{1,9})"$/.exec(header);
  if (!match) throw invalidHeader('If-Match', 'has to be one ETag as the service gives it, such as "3".');
  return Number(match[1]);
}

/** How long the answer waits for the projections, and the preference that was followed. */
export function projectionWait(ctx: Context): { waitMs: number; applied?: string } {
  for (const preference of ctx.get('prefer').toLowerCase().split(',')) {
    const text = preference.trim();
    if (text === 'respond-async') return { waitMs: 0, applied: text };
    const seconds = /^wait=(\d{1,4})$/.exec(text)?.[1];
    if (seconds) {
      const waitMs = Math.min(Number(seconds) * 1000, limits.maxProjectionWaitMs);
      return { waitMs, applied: `wait=${waitMs / 1000}` };
    }
  }
  return { waitMs: limits.defaultProjectionWaitMs };
}

/** The position in Min-Event-Position, if there is one. */
export function minEventPosition(
  ctx: Context,
  partitions: number,
): { partition: number; position: number } | undefined {
  const header = ctx.req.headers['min-event-position'];
  if (header === undefined || header === '') return undefined;
  const match = /^(\d{1,4}):(\d{1,15})$/.exec(String(header));
  const partition = Number(match?.[1]);
  if (!match || partition >= partitions) {
    throw invalidHeader('Min-Event-Position', 'has to be an Event-Position as the service gives it, such as 3:120.');
  }
  return { partition, position: Number(match[2]) };
}
