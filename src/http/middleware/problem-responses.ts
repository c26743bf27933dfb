import type { Context, Middleware, Next } from 'koa';
import type { Logger } from 'pino';
import { Overloaded } from '../../event-log/overloaded.js';
import { FailureLog } from '../../failure-log.js';
import { OrderDamaged } from '../../read-models/read-model-unavailable.js';
import { ProblemError, problem, problemOf } from '../contract/problems.js';
import { requestContext } from '../request/request-context.js';
import { discardRest } from '../response/discard-rest.js';
import { isForEvents, respondWithProblem, respondWithProblemEvent } from '../response/respond.js';

export interface ProblemResponsesOptions {
  readonly log: Logger;
  readonly logOverload: (error: Overloaded) => void;
  /** The methods that a path supports; none if there is no such path. */
  readonly methodsOf: (path: string) => readonly string[];
}

/** Responds with a problem, without a stack trace, if a request fails or matches no route. */
export function problemResponses({ log, logOverload, methodsOf }: ProblemResponsesOptions): Middleware {
  const dependencies = new FailureLog(log, {
    failing: 'a dependency failed: requests get 503',
    over: 'no request has failed for lack of a dependency since',
  });
  return async (ctx: Context, next: Next) => {
    try {
      await next();
      dependencies.succeeded();
      if (ctx.res.statusCode !== 404 || ctx.body) return;
      respondNotFound(ctx, methodsOf(ctx.path));
      discardRest(ctx.req);
    } catch (error) {
      if (error instanceof ProblemError) ctx.set(error.headers);
      const response = problemOf(error, ctx.method === 'GET' || ctx.method === 'HEAD');
      if (response.status === 500)
        log.error({ err: error, request_id: requestContext(ctx).requestId }, 'a request failed');
      else if (error instanceof Overloaded) logOverload(error);
      // An order whose event an operator has skipped is no failure of a dependency.
      else if (response.status === 503 && !(error instanceof OrderDamaged))
        dependencies.failed(error, { request_id: requestContext(ctx).requestId });
      const isTemporary = response.status === 429 || response.status === 503;
      if (isTemporary && isForEvents(ctx.req.headers.accept)) respondWithProblemEvent(ctx, response);
      else respondWithProblem(ctx, response);
      discardRest(ctx.req);
    }
  };
}

/** Responds 405 with Allow if the path exists with other methods, otherwise 404. */
function respondNotFound(ctx: Context, methods: readonly string[]): void {
  if (methods.length === 0) {
    respondWithProblem(ctx, problem('not-found', `There is nothing at ${ctx.path}.`));
    return;
  }
  const allowed = methods.join(', ');
  ctx.set('Allow', allowed);
  respondWithProblem(ctx, problem('method-not-allowed', `${ctx.path} supports ${allowed}.`));
}
