import type { Auditor } from '../../audit/auditor.js';
import { ProblemError, problem } from '../contract/problems.js';
import type { ResponseBody } from '../contract/response-schemas.js';
import { queryParameters } from '../request/query-parameters.js';
import { respond } from '../response/respond.js';
import type { HttpDependencies } from './dependencies.js';
import type { AddRoute } from './router.js';

/** Signed checkpoints of the log, and the public keys that verify them. */
export function auditRoutes(route: AddRoute, { audit, log }: Pick<HttpDependencies, 'audit' | 'log'>): void {
  route('getCheckpoint', async (ctx) => {
    queryParameters(ctx, 'checkpoint');
    const auditor = requireAuditor(audit);
    respond(ctx, JSON.stringify(await auditor.signedCheckpoint()));
    auditor
      .noteTaken()
      .catch((err: unknown) => log.warn({ err }, 'a checkpoint was taken, but not noted for monitoring'));
  });

  route('getSigningKeys', (ctx) => {
    queryParameters(ctx, 'jwks');
    respond(ctx, JSON.stringify({ keys: audit?.publicKeys ?? [] } satisfies ResponseBody<'JsonWebKeySet'>));
  });
}

/** Throws ProblemError if no signing key is configured. */
export function requireAuditor(audit: Auditor | undefined): Auditor {
  if (audit) return audit;
  throw new ProblemError(problem('no-signing-key', 'ORDERS_SIGNING_KEY_FILES is not set.'));
}
