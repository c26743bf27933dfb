import { operations } from '../../contract/operations.js';
import type { ResponseBody } from '../../contract/response-schemas.js';
import type { HttpDependencies } from '../dependencies.js';
import type { AddRoute } from '../router.js';
import { respondWithAsset, respondWithPage } from './built-pages.js';

/** GET /: the console for a browser, the list of endpoints for every other client. */
export function consoleRoutes(route: AddRoute, { oidc }: Pick<HttpDependencies, 'oidc'>): void {
  route('getConsoleFile', (ctx) => respondWithAsset(ctx, String(ctx.params.file)));

  route('getService', (ctx) => {
    ctx.vary('Accept');
    if (ctx.accepts('json', 'html') === 'html') {
      respondWithPage(ctx, 'index.html', oidc === undefined ? [] : oidc.origins);
      return;
    }
    ctx.body = {
      service: 'order-service',
      documentation: '/docs',
      openapi: '/openapi.json',
      endpoints: Object.values(operations).map(({ method, path }) => `${method.toUpperCase()} ${path}`),
    } satisfies ResponseBody<'ServiceDescription'>;
  });
}
