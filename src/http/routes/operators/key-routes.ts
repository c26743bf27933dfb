import { apiKeyDocument } from '../../../access/api-keys.js';
import { CreatorRevoked, creatorOf } from '../../../access/key-creators.js';
import type { ListedKey } from '../../../access/key-uses.js';
import { isScope } from '../../../access/scopes.js';
import { actorOf } from '../../../access/token-claims.js';
import { parseRfc3339 } from '../../../orders/values/rfc3339.js';
import { authorityLost, insufficientScope, ProblemError, problem, validationProblem } from '../../contract/problems.js';
import type { ResponseBody } from '../../contract/response-schemas.js';
import { checkedBody } from '../../request/json-body.js';
import { keyIdParameter } from '../../request/path-parameters.js';
import { callerOf } from '../../request/request-context.js';
import type { HttpDependencies } from '../dependencies.js';
import type { AddRoute } from '../router.js';

/** API keys. A key's secret is shown once, when it is created. */
export function keyRoutes(route: AddRoute, { keys }: Pick<HttpDependencies, 'keys'>): void {
  route('listKeys', async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { keys: (await keys.list()).map(shown) } satisfies ResponseBody<'ApiKeys'>;
  });

  route('createKey', async (ctx) => {
    const { name, subject, scopes, expires_at: expires } = await checkedBody(ctx, 'createKey');
    const granted = scopes.filter(isScope);
    // Otherwise a key for operators could make one that places orders in the name of a customer.
    const missing = granted.filter((scope) => !callerOf(ctx).scopes.has(scope));
    if (missing.length > 0) throw insufficientScope(missing as [(typeof missing)[0]]);
    if (subject !== undefined && actorOf(subject) !== subject) {
      const message = 'is the name of one of the service’s own actors; choose another';
      throw new ProblemError(validationProblem([{ pointer: '/subject', message }]));
    }
    const expiresMs = expires === undefined ? undefined : parseRfc3339(expires);
    if (expiresMs !== undefined && expiresMs <= Date.now()) {
      throw new ProblemError(validationProblem([{ pointer: '/expires_at', message: 'must be in the future' }]));
    }
    const created = keys.create({
      name,
      scopes: granted,
      expiresAt: expiresMs === undefined ? null : new Date(expiresMs).toISOString(),
      createdBy: creatorOf(callerOf(ctx)),
      ...(subject === undefined ? {} : { subject }),
    });
    const { key, listed } = await created.catch((error: unknown) => {
      if (!(error instanceof CreatorRevoked)) throw error;
      // The key was revoked a moment ago, and this process has not read that yet.
      throw new ProblemError(authorityLost());
    });
    ctx.status = 201;
    ctx.set('Cache-Control', 'no-store');
    ctx.set('Location', '/keys');
    ctx.body = { ...shown(listed), key } satisfies ResponseBody<'ApiKeyWithSecret'>;
  });

  route('revokeKey', async (ctx) => {
    const id = keyIdParameter(ctx);
    if (!(await keys.revoke(id))) {
      throw new ProblemError(problem('key-not-found', `There is no key ${id}, or it was revoked already.`));
    }
    ctx.status = 204;
  });
}

function shown(key: ListedKey) {
  return { ...apiKeyDocument(key), last_used_at: key.lastUsedAt };
}
