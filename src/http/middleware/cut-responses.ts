import type { Context } from 'koa';
import type { Logger } from 'pino';
import { FailureLog } from '../../failure-log.js';
import { requestContext } from '../request/request-context.js';

/** Errors of a connection that the client, or this process, has closed. */
const disconnections: ReadonlySet<unknown> = new Set([
  'ERR_STREAM_PREMATURE_CLOSE',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
]);

/**
 * Logs failures after the headers of a response were sent: it is cut, since no problem can
 * be sent any more. A client that disconnects is no failure.
 */
export function logCutResponses(log: Logger): (error: Error, ctx: Context) => void {
  const failures = new FailureLog(log, {
    failing: 'a response failed after its headers were sent, and was cut',
    over: 'no response was cut by a failure since',
    level: 'error',
  });
  return (error, ctx) => {
    if ('code' in error && disconnections.has(error.code)) return;
    failures.failed(error, { request_id: requestContext(ctx).requestId, route: String(ctx._matchedRoute ?? 'none') });
    failures.succeeded();
  };
}
