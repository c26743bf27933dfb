import type { ResponseBody } from '../../contract/response-schemas.js';
import { callerOf } from '../../request/request-context.js';
import type { HttpDependencies } from '../dependencies.js';
import type { AddRoute } from '../router.js';

/** The rules of access, and the caller as the service sees it. */
export function accessRoutes(
  route: AddRoute,
  { isAccessControlled, oidc }: Pick<HttpDependencies, 'isAccessControlled' | 'oidc'>,
): void {
  route('getAccess', (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = {
      required: isAccessControlled,
      oidc: oidc
        ? { issuer: oidc.issuer, client_id: oidc.clientId, scope: oidc.scope, audience: oidc.audience ?? null }
        : null,
    } satisfies ResponseBody<'Access'>;
  });

  route('getCaller', (ctx) => {
    const { subject, scopes, credential } = callerOf(ctx);
    ctx.set('Cache-Control', 'no-store');
    ctx.body = {
      subject,
      scopes: [...scopes],
      credential: credential.kind === 'key' ? 'api-key' : credential.kind,
      expires_at: credential.kind === 'token' ? new Date(credential.validUntilMs).toISOString() : null,
    } satisfies ResponseBody<'Caller'>;
  });
}
