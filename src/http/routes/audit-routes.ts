import { ProblemError, problem } from '../contract/problems.js';
import { queryParameters } from '../request/query-parameters.js';
import { respond } from '../response/respond.js';
import type { Service } from './dependencies.js';
import type { AddRoute } from './router.js';

/** What an auditor takes away: signed checkpoints of the log, and the keys to check them with. */
export function auditRoutes(route: AddRoute, service: Service): void {
  route('getCheckpoint', async (ctx) => {
    queryParameters(ctx, 'checkpoint');
    respond(ctx, JSON.stringify(await auditOf(service).signedCheckpoint()));
  });

  route('getSigningKeys', (ctx) => {
    queryParameters(ctx, 'jwks');
    respond(ctx, JSON.stringify({ keys: service.audit?.publicKeys ?? [] }));
  });
}

export function auditOf({ audit }: Service): NonNullable<Service['audit']> {
  if (audit) return audit;
  throw new ProblemError(problem('no-signing-key', 'ORDERS_SIGNING_KEY_FILES is not set.'));
}
