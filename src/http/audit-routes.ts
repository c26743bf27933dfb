import type Router from '@koa/router';
import { answer, parameters } from './answer.js';
import { ProblemError, problem } from './problems.js';
import type { Service } from './service.js';

/** What an auditor takes away: signed checkpoints of the log, and the keys to check them with. */
export function auditRoutes(router: Router, service: Service): void {
  router.get('/audit/checkpoint', async (ctx) => {
    parameters(ctx, 'checkpoint');
    answer(ctx, JSON.stringify(await auditOf(service).checkpoint()));
  });

  router.get('/.well-known/jwks.json', (ctx) => {
    parameters(ctx, 'jwks');
    answer(ctx, JSON.stringify({ keys: service.audit?.publicKeys ?? [] }));
  });
}

export function auditOf({ audit }: Service): NonNullable<Service['audit']> {
  if (audit) return audit;
  throw new ProblemError(problem('no-signing-key', 'ORDERS_SIGNING_KEY_FILES is not set.'));
}
