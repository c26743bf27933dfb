import type { Context, Middleware, Next } from 'koa';
import type { Logger } from 'pino';
import { Overloaded } from '../../event-log/overloaded.js';
import { ProblemError, problem, problemOf } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';
import { requestContext } from '../request/request-context.js';
import { respondWithProblem } from '../response/respond.js';
import type { InFlightRequests } from './in-flight-requests.js';

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
