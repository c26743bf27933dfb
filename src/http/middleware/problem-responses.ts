import type { Context, Middleware, Next } from 'koa';
import type { Logger } from 'pino';
import { IssuerUnavailable } from '../../access/issuer-unavailable.js';
import { Overloaded } from '../../event-log/overloaded.js';
import { ReadModelBeingBuilt, ReadModelUnavailable } from '../../read-models/read-model-unavailable.js';
import { type Problem, ProblemError, problem, retryAfterSeconds } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';
import { requestContext } from '../request/request-context.js';
import type { InFlightRequests } from './in-flight-requests.js';

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

export interface ProblemResponsesOptions {
  readonly log: Logger;
  readonly logOverload: (error: Overloaded) => void;
  /** Counts the requests that are being answered, and refuses those that are too many. */
  readonly inHand: InFlightRequests;
  /** The methods that a path takes. */
  readonly methodsOf: (path: string) => readonly string[];
}

/** Turns whatever a request ends with into an answer: every error is a problem, and none shows a stack trace. */
export function problemResponses({ log, logOverload, inHand, methodsOf }: ProblemResponsesOptions): Middleware {
  return async (ctx: Context, next: Next) => {
    let leave: (() => void) | undefined;
    try {
      leave = inHand.enter(ctx);
      await next();
      if (ctx.res.statusCode === 404 && !ctx.body) answerNothingThere(ctx, methodsOf(ctx.path));
    } catch (error) {
      if (error instanceof ProblemError) ctx.set(error.headers);
      const answer = problemOf(error);
      if (answer.status === 500)
        log.error({ err: error, request_id: requestContext(ctx).requestId }, 'a request failed');
      else if (error instanceof Overloaded) logOverload(error);
      else if (answer.status === 503)
        log.warn({ err: error, request_id: requestContext(ctx).requestId }, 'a dependency failed');
      respondWithProblem(ctx, answer);
    } finally {
      leave?.();
    }
  };
}

/** 405 with Allow where a path exists, but not with this method; otherwise 404. */
function answerNothingThere(ctx: Context, methods: readonly string[]): void {
  if (methods.length === 0) {
    respondWithProblem(ctx, problem('not-found', `There is nothing at ${ctx.path}.`));
    return;
  }
  const allowed = methods.join(', ');
  ctx.set('Allow', allowed);
  respondWithProblem(ctx, problem('method-not-allowed', `${ctx.path} takes ${allowed}.`));
}

/** Says now and then that requests are refused as too many, and how many: a line for each would be work that nobody has time for. */
export function createOverloadLog(log: Logger): (error: Overloaded) => void {
  let refused = 0;
  let lastMs = Number.NEGATIVE_INFINITY;
  return ({ message }) => {
    refused += 1;
    if (performance.now() - lastMs < limits.overloadLogIntervalMs) return;
    log.warn({ refused, reason: message }, 'overloaded: requests are answered with 503');
    refused = 0;
    lastMs = performance.now();
  };
}

/** The problem that an exception is answered with. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof Overloaded) return problem('overloaded', `${error.message}.`);
  if (error instanceof ReadModelBeingBuilt) return problem('read-models-unavailable', `${error.message}.`);
  if (error instanceof ReadModelUnavailable) return problem('read-models-unavailable', 'Redis did not answer.');
  if (error instanceof IssuerUnavailable) return problem('token-issuer-unavailable', `${error.message}.`);
  if (isDatabaseAway(error)) return problem('event-log-unavailable', 'PostgreSQL did not answer.');
  if (error instanceof URIError) return problem('malformed-request', 'The address is not valid percent-encoding.');
  return problem('internal-error', 'An unexpected error occurred.');
}

/**
 * Whether PostgreSQL is away, rather than refusing what this code asked of it: a lost or refused connection, a time-out,
 * or one of the SQLSTATE classes 08 (connection), 53 (resources), 57 (operator intervention), 25006 (read-only), 55P03.
 */
function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (/^(ECONN|ENOTFOUND|EPIPE|ETIMEDOUT|EHOST|ENET|EAI_)/.test(code)) return true;
  if (/^(08|53|57)/.test(code) || code === '25006' || code === '55P03' || code === '3D000' || code === '28P01')
    return true;
  return /Connection terminated|timeout exceeded when trying to connect|Query read timeout|not queryable/i.test(
    error.message,
  );
}
