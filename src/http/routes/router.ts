import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { needsLog, type Operation } from '../contract/operation.js';
import { type OperationId, operations } from '../contract/operations.js';
import { type Admission, takePlace } from '../middleware/admission.js';
import { authorize } from '../middleware/authorize.js';
import { rejectQueryParameters } from '../request/query-parameters.js';
import { discardRest } from '../response/discard-rest.js';

/**
 * Adds the handler of an operation. Its path, method and access come from the table of operations.
 */
export type AddRoute = (id: OperationId, handle: (ctx: Context) => unknown) => void;

export interface Routes {
  readonly route: AddRoute;
  /** Passes a request to the handler of its operation, or to the next middleware. */
  readonly dispatch: Middleware;
  /** The methods that a path supports; none if there is no such path. */
  readonly methodsOf: (path: string) => readonly string[];
}

/**
 * Routes for the operations of the table, and for nothing else.
 * @param assertIntact throws if the log is not the one that this process knows. Operations that
 * read or write the log, or what was made from it, are then rejected.
 */
export function createRouter(admission: Admission, assertIntact: () => void = () => undefined): Routes {
  /** By `groupOf`. A router tries all of its paths one by one, so each router has few. */
  const routers = new Map<string, { readonly router: Router; readonly dispatch: Middleware }>();
  const routerOf = (method: string, path: string): Router => {
    const known = routers.get(groupOf(method, path));
    if (known) return known.router;
    // Each path has one spelling, so rules by path in a proxy cannot be bypassed.
    const router = new Router({ strict: true, sensitive: true });
    routers.set(groupOf(method, path), { router, dispatch: router.routes() as Middleware });
    return router;
  };
  return {
    route: (id, handle) => {
      const operation: Operation = operations[id];
      const path = operation.path.replace(/\{(\w+)\}/g, ':$1');
      const router = routerOf(operation.method.toUpperCase(), path);
      const isWithoutQuery = takesNoQuery(operation);
      const isOfLog = needsLog(operation);
      router[operation.method](path, async (ctx) => {
        await authorize(ctx, operation, admission);
        if (isOfLog) assertIntact();
        if (isWithoutQuery) rejectQueryParameters(ctx);
        const place = takePlace(ctx, operation, admission);
        try {
          await handle(ctx);
        } finally {
          place.leave();
          // A body that the operation does not take.
          if (operation.body === undefined) discardRest(ctx.req);
        }
      });
    },
    dispatch: (ctx, next) => {
      const method = ctx.method === 'HEAD' ? 'GET' : ctx.method;
      return routers.get(groupOf(method, ctx.path))?.dispatch(ctx, next) ?? next();
    },
    methodsOf: (path) => {
      const layers = [...routers.values()].flatMap(({ router }) => router.match(path, '').path);
      return [...new Set(layers.flatMap(({ methods }) => methods))].sort();
    },
  };
}

/** The key of a router: the method, the first segment of the path, and the number of segments. */
function groupOf(method: string, path: string): string {
  const end = path.indexOf('/', 1);
  let segments = 1;
  for (let at = end; at >= 0; at = path.indexOf('/', at + 1)) segments += 1;
  return `${method} ${segments} ${end < 0 ? path : path.slice(0, end)}`;
}

/**
 * Whether query parameters are an error. Pages and probes ignore them: they are called with
 * parameters of all kinds.
 */
function takesNoQuery({ query, tag, unlimited }: Operation): boolean {
  return query === undefined && tag !== 'About' && !unlimited;
}
