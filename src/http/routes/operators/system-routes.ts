import type { HttpDependencies } from '../dependencies.js';
import type { AddRoute } from '../router.js';

/** The processes and servers of the system. */
export function systemRoutes(route: AddRoute, { system }: Pick<HttpDependencies, 'system'>): void {
  route('getSystem', async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = await system();
  });
}
