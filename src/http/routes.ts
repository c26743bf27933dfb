import Router from '@koa/router';
import type { Context } from 'koa';
import type { Authenticate } from '../access/authenticate.js';
import { authorize } from './authorize.js';
import type { Operation } from './operation.js';
import { type OperationId, operations } from './operations.js';
import { ProblemError, validationProblem } from './problems.js';
import type { LimitRate } from './rate-limit.js';

/** Adds the handler of an operation. Its path, its method and who may call it are in the table of operations. */
export type AddRoute = (id: OperationId, handle: (ctx: Context) => unknown) => void;

/** A router on which nothing can be reached that is not in the table of operations. */
export function createRoutes(
  authenticate: Authenticate,
  limitRate: LimitRate,
): { readonly router: Router; readonly route: AddRoute } {
  // One address has one spelling: rules in front of the service that go by the path can't be got round.
  const router = new Router({ strict: true, sensitive: true });
  return {
    router,
    route: (id, handle) => {
      const operation: Operation = operations[id];
      const path = operation.path.replace(/\{(\w+)\}/g, ':$1');
      router[operation.method](path, authorize(operation, authenticate, limitRate), (ctx) => {
        if (takesNoParameters(operation)) refuseParameters(ctx);
        return handle(ctx);
      });
    },
  };
}

/** Where there are parameters, their schema says which. Pages and probes are called with all kinds of them, which mean nothing. */
function takesNoParameters({ query, tag, unlimited }: Operation): boolean {
  return query === undefined && tag !== 'About' && !unlimited;
}

/** A parameter that nobody looks at would be worse than an error: its sender believes that it did something. */
function refuseParameters(ctx: Context): void {
  const errors = Object.keys(ctx.query).map((name) => ({ pointer: `/query/${name}`, message: 'is not a known field' }));
  if (errors.length > 0) throw new ProblemError(validationProblem(errors));
}
