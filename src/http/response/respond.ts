import { hash } from 'node:crypto';
import type { Context } from 'koa';
import { type Problem, ProblemError, problem, retryAfterSeconds } from '../contract/problems.js';
import { requestContext } from '../request/request-context.js';

/** What Koa makes of application/json, without its looking that up for every answer. */
export const jsonType = 'application/json; charset=utf-8';

/** Answers 200, or 304 where the caller has this very answer already. Without a version, the ETag is made of the text. */
export function respond(ctx: Context, text: string, etag?: string, type = jsonType): void {
  // Who names no type takes any.
  if (type === jsonType && ctx.req.headers.accept && !ctx.accepts('application/json')) throw notAcceptable();
  ctx.status = 200;
  const tag = etag ?? etagOf(text);
  ctx.res.setHeader('ETag', tag);
  // A cache may keep the answer, but has to ask each time whether it still holds.
  ctx.res.setHeader('Cache-Control', 'private, no-cache');
  const ifNoneMatch = ctx.req.headers['if-none-match'];
  if (ifNoneMatch !== undefined && hasTag(ifNoneMatch, tag)) {
    ctx.status = 304;
    return;
  }
  // Before the body: otherwise Koa would make a type out of that first.
  ctx.res.setHeader('Content-Type', type);
  ctx.body = text;
}

/** Answers with a problem (RFC 9457). */
export function respondWithProblem(ctx: Context, { type, title, status, detail, ...extensions }: Problem): void {
  const { requestId } = requestContext(ctx);
  const retryAfter = retryAfterSeconds(type);
  if (retryAfter !== undefined) ctx.set('Retry-After', String(retryAfter));
  ctx.status = status;
  ctx.set('Cache-Control', 'no-store');
  ctx.body = JSON.stringify({ type, title, status, detail, instance: ctx.path, request_id: requestId, ...extensions });
  ctx.type = 'application/problem+json';
}

/** An ETag made of the text itself. */
export function etagOf(text: string): string {
  return `"${hash('sha256', text, 'base64url').slice(0, 22)}"`;
}

/** If-None-Match (RFC 9110, 13.1.2) alone decides: fetch sends `Cache-Control: no-cache` beside it, which must not undo it. */
function hasTag(ifNoneMatch: string, tag: string): boolean {
  return ifNoneMatch.split(',').some((one) => one.trim().replace(/^W\//, '') === tag || one.trim() === '*');
}

export function notAcceptable(): ProblemError {
  return new ProblemError(problem('not-acceptable', 'None of the types in Accept can be given.'));
}
