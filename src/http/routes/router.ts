import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import type { Authenticate } from '../../access/authenticate.js';
import type { Operation } from '../contract/operation.js';
import { type OperationId, operations } from '../contract/operations.js';
import { authorize } from '../middleware/authorize.js';
import type { LimitRate } from '../middleware/rate-limit.js';
import { rejectQueryParameters } from '../request/query-parameters.js';

/** Adds the handler of an operation. Its path, its method and who may call it are in the table of operations. */
export type AddRoute = (id: OperationId, handle: (ctx: Context) => unknown) => void;

export interface Routes {
  readonly route: AddRoute;
  /** Hands a request to the handler of its operation, if there is one. */
  readonly dispatch: Middleware;
  /** The methods that a path takes. */
  readonly methodsOf: (path: string) => readonly string[];
}

/** Routes on which nothing can be reached that is not in the table of operations. */
export function createRouter(authenticate: Authenticate, limitRate: LimitRate | undefined): Routes {
  /** By `nameOf`: a router tries all paths that it has, so each has few. */
  const routers = new Map<string, { readonly router: Router; readonly dispatch: Middleware }>();
  const routerOf = (method: string, path: string): Router => {
    const known = routers.get(nameOf(method, path));
    if (known) return known.router;
    // One address has one spelling: rules in front of the service that go by the path can't be got round.
    const router = new Router({ strict: true, sensitive: true });
    routers.set(nameOf(method, path), { router, dispatch: router.routes() as Middleware });
    return router;
  };
  return {
    route: (id, handle) => {
      const operation: Operation = operations[id];
      const path = operation.path.replace(/\{(\w+)\}/g, ':$1');
      const router = routerOf(operation.method.toUpperCase(), path);
      const isWithoutQuery = takesNoParameters(operation);
      router[operation.method](path, async (ctx) => {
        await authorize(ctx, operation, authenticate, limitRate);
        if (isWithoutQuery) rejectQueryParameters(ctx);
        await handle(ctx);
      });
    },
    dispatch: (ctx, next) => {
      const method = ctx.method === 'HEAD' ? 'GET' : ctx.method;
      return routers.get(nameOf(method, ctx.path))?.dispatch(ctx, next) ?? next();
    },
    methodsOf: (path) => {
      const layers = [...routers.values()].flatMap(({ router }) => router.match(path, '').path);
      return [...new Set(layers.flatMap(({ methods }) => methods))].sort();
    },
  };
}

/** The method, the path's first part, and how many parts it has. */
function nameOf(method: string, path: string): string {
  const end = path.indexOf('/', 1);
  let parts = 1;
  for (let at = end; at >= 0; at = path.indexOf('/', at + 1)) parts += 1;
  return `${method} ${parts} ${end < 0 ? path : path.slice(0, end)}`;
}

/** Where there are parameters, their schema says which. Pages and probes are called with all kinds of them, which mean nothing. */
function takesNoParameters({ query, tag, unlimited }: Operation): boolean {
  return query === undefined && tag !== 'About' && !unlimited;
}
