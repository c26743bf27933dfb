import Router from '@koa/router';
import type { Context } from 'koa';
import type { Authenticate } from '../access/authenticate.js';
import { authorize } from './authorize.js';
import { type OperationId, operations } from './operations.js';
import type { LimitRate } from './rate-limit.js';

/** Adds the handler of an operation. Its path, its method and who may call it are in the table of operations. */
export type AddRoute = (id: OperationId, handle: (ctx: Context) => unknown) => void;

/** A router on which nothing can be reached that is not in the table of operations. */
export function createRoutes(
  authenticate: Authenticate,
  limitRate: LimitRate,
): { readonly router: Router; readonly route: AddRoute } {
  const router = new Router();
  return {
    router,
    route: (id, handle) => {
      const operation = operations[id];
      const path = operation.path.replace(/\{(\w+)\}/g, ':$1');
      router[operation.method](path, authorize(operation, authenticate, limitRate), (ctx) => handle(ctx));
    },
  };
}
