import type { Context } from 'koa';
import { type EventPosition, parseEventPosition } from '../../log-epochs.js';
import { ProblemError, problem } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';
import { entityTags } from './etags.js';

function invalidHeader(name: string, rule: string): ProblemError {
  return new ProblemError(problem('invalid-header', `${name} ${rule}`));
}

export const idempotencyKeyRule = `must be 1 to ${limits.maxIdempotencyKeyLength} printable ASCII characters`;

/**
 * The Idempotency-Key, if there is one. A quoted string (RFC 8941) counts without its quotes.
 */
export function idempotencyKey(ctx: Context): string | undefined {
  if (ctx.headers['idempotency-key'] === undefined) return undefined;
  const key = ctx.get('idempotency-key').replace(/^"(.*)"$/, '$1');
  if (isIdempotencyKey(key)) return key;
  throw invalidHeader('Idempotency-Key', `${idempotencyKeyRule}.`);
}

export function isIdempotencyKey(key: unknown): key is string {
  return typeof key === 'string' && /^[\x20-\x7e]+$/.test(key) && key.length <= limits.maxIdempotencyKeyLength;
}

/**
 * The versions of which If-Match requires the order to have one. Undefined without the header, or
 * for `*`. A tag that is not a version matches nothing, and neither does an empty header: a client
 * that has lost its tag must not write without a condition.
 */
export function expectedVersions(ctx: Context): readonly number[] | undefined {
  const header = ctx.req.headers['if-match'];
  if (header === undefined || header.trim() === '*') return undefined;
  const tags = entityTags(header);
  if (!tags) throw invalidHeader('If-Match', 'must be ETags from responses of this service, such as "3".');
  return tags.filter((tag) => /^\d{1,9}$/.test(tag)).map(Number);
}

/**
 * Throws ProblemError for a batch with the headers of one command. A client that sends them relies
 * on them: without their effect, a batch that is sent again would place its orders twice.
 */
export function rejectCommandHeaders(ctx: Context): void {
  if (ctx.headers['idempotency-key'] !== undefined) {
    throw invalidHeader('Idempotency-Key', 'belongs to one command: give each line of a batch an idempotency_key.');
  }
  if (ctx.headers['if-match'] !== undefined) {
    throw invalidHeader('If-Match', 'belongs to one command: send commands with a condition one by one.');
  }
}

/** How long the response waits for the projections, and the value for Preference-Applied. */
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

/** The position in Min-Event-Position, if there is one. Throws ProblemError. */
export function minEventPosition(ctx: Context, partitions: number): EventPosition | undefined {
  const header = ctx.req.headers['min-event-position'];
  if (header === undefined || header === '') return undefined;
  const found = parseEventPosition(String(header));
  if (!found || found.partition >= partitions) {
    throw invalidHeader(
      'Min-Event-Position',
      'must be an Event-Position from a response of this service, such as 3:120.',
    );
  }
  return found;
}
