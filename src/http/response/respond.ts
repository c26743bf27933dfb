import { hash } from 'node:crypto';
import type { Context } from 'koa';
import { type Problem, ProblemError, problem, retryAfterSeconds } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';
import { entityTags } from '../request/etags.js';
import { requestContext } from '../request/request-context.js';
import { setStreamBody, setTextBody } from './text-body.js';

/** Koa's content type for JSON, as a constant that needs no lookup per response. */
export const jsonType = 'application/json; charset=utf-8';

/**
 * Responds 200 with the text, or 304 if it matches If-None-Match. Throws ProblemError if the client
 * does not accept JSON.
 * @param etag by default the ETag of the text.
 */
export function respond(ctx: Context, text: string, etag?: string): void {
  // Without Accept, any type is fine.
  if (ctx.req.headers.accept && !ctx.accepts('application/json')) throw notAcceptable();
  // A long text is encoded once, for its hash and for its pieces.
  const content = etag === undefined && text.length > limits.responsePieceBytes ? Buffer.from(text) : text;
  if (isCurrent(ctx, etag ?? etagOf(content))) return;
  // Set before the body. Otherwise Koa would derive a type from the body first.
  ctx.res.setHeader('Content-Type', jsonType);
  setTextBody(ctx, content);
}

/** Like `respond`, with a text of another type that is made while it is sent. */
export async function respondWithStream(
  ctx: Context,
  parts: AsyncGenerator<string>,
  etag: string,
  type: string,
): Promise<void> {
  if (isCurrent(ctx, etag)) return;
  // If the first part fails, the response is a problem, which is not what the ETag names.
  ctx.remove('ETag');
  await setStreamBody(ctx, type, parts);
  ctx.set('ETag', etag);
}

/**
 * Sets the status and the headers of a response with an ETag: 304 if the client has it, else 200.
 */
export function isCurrent(ctx: Context, tag: string): boolean {
  ctx.status = 200;
  ctx.res.setHeader('ETag', tag);
  // A cache may store the response, but must revalidate it before each use.
  ctx.res.setHeader('Cache-Control', 'private, no-cache');
  const ifNoneMatch = ctx.req.headers['if-none-match'];
  if (ifNoneMatch === undefined || !hasTag(ifNoneMatch, tag)) return false;
  ctx.status = 304;
  return true;
}

/** Responds with a problem (RFC 9457). */
export function respondWithProblem(ctx: Context, { type, title, status, detail, ...extensions }: Problem): void {
  const context = requestContext(ctx);
  context.problem = type;
  const { requestId } = context;
  const retryAfter = retryAfterSeconds(type);
  if (retryAfter !== undefined) ctx.set('Retry-After', String(retryAfter));
  ctx.status = status;
  ctx.set('Cache-Control', 'no-store');
  ctx.body = JSON.stringify({ type, title, status, detail, instance: ctx.path, request_id: requestId, ...extensions });
  ctx.type = 'application/problem+json';
}

/**
 * Responds to a reader of Server-Sent Events with a message that says what is wrong, and when to
 * reconnect. After any status but 200, an EventSource never reconnects.
 */
export function respondWithProblemEvent(ctx: Context, found: Problem): void {
  const context = requestContext(ctx);
  context.problem = found.type;
  const seconds = Number(ctx.response.get('Retry-After')) || (retryAfterSeconds(found.type) ?? 1);
  ctx.status = 200;
  ctx.set('Cache-Control', 'no-store');
  ctx.type = 'text/event-stream';
  const data = JSON.stringify({ ...found, instance: ctx.path, request_id: context.requestId });
  ctx.body = problemEvent(data, seconds);
}

/** The text of an event stream that consists of a problem. */
export function problemEvent(json: string, retryAfterSeconds: number): string {
  return `retry: ${retryAfterSeconds * 1000}\n\nevent: problem\ndata: ${json}\n\n`;
}

/** Whether a request was sent by a reader of Server-Sent Events, such as EventSource. */
export function isForEvents(accept: string | undefined): boolean {
  return accept?.startsWith('text/event-stream') ?? false;
}

/** An ETag that is a hash of the text, or of its UTF-8. */
export function etagOf(content: string | Buffer): string {
  return `"${hash('sha256', content, 'base64url').slice(0, 22)}"`;
}

/**
 * Whether If-None-Match (RFC 9110, 13.1.2) contains the tag. Cache-Control of the request is
 * ignored: browsers' fetch adds `no-cache` when a script sets If-None-Match.
 */
function hasTag(ifNoneMatch: string, tag: string): boolean {
  return ifNoneMatch.trim() === '*' || (entityTags(ifNoneMatch)?.includes(tag.slice(1, -1)) ?? false);
}

export function notAcceptable(): ProblemError {
  return new ProblemError(problem('not-acceptable', 'None of the types in Accept is available.'));
}
