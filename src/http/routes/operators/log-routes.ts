import type { Context } from 'koa';
import { NotProven, verifySignedCheckpoint } from '../../../audit/signed-checkpoint.js';
import { parseRfc3339 } from '../../../orders/values/rfc3339.js';
import { utcTime } from '../../../orders/values/utc-time.js';
import { canonicalUuid } from '../../../orders/values/uuid.js';
import { ProblemError, runNotFound, validationProblem } from '../../contract/problems.js';
import type { ResponseBody } from '../../contract/response-schemas.js';
import { httpLimits as limits } from '../../limits.js';
import { queryWeights } from '../../middleware/heavy-queries.js';
import { checkedBody } from '../../request/json-body.js';
import { uuidParameter } from '../../request/path-parameters.js';
import { queryParameters } from '../../request/query-parameters.js';
import { callerOf } from '../../request/request-context.js';
import type { HttpDependencies } from '../dependencies.js';
import type { AddRoute } from '../router.js';

export interface LogRoutesDependencies
  extends Pick<HttpDependencies, 'browseLog' | 'audit' | 'lastCheckpointAt' | 'runLogQuery'> {
  readonly runs: Pick<HttpDependencies['runs'], 'verify' | 'verifications' | 'cancelVerification'>;
  readonly models: Pick<HttpDependencies['models'], 'partitions'>;
}

/** The log as auditors read and verify it. */
export function logRoutes(
  route: AddRoute,
  { browseLog, runs, audit, lastCheckpointAt, models, runLogQuery }: LogRoutesDependencies,
): void {
  route('browseLog', async (ctx) => {
    const { partition, order_id: orderId, after = 0, at, limit = limits.defaultLogPage } = queryParameters(ctx, 'log');
    ctx.set('Cache-Control', 'no-store');
    const events = Math.min(limit, limits.maxLogPage);
    if (orderId !== undefined) {
      const id = canonicalUuid(orderId);
      ctx.body = await runLogQuery(ctx, queryWeights.page, () => browseLog.stream(id, after, events));
      return;
    }
    if (partition === undefined || partition >= models.partitions) {
      const message = `must be below ${models.partitions}, the number of partitions`;
      throw new ProblemError(validationProblem([{ pointer: '/query/partition', message }]));
    }
    ctx.body = await runLogQuery(ctx, queryWeights.page, async () => {
      const from = at === undefined ? after : await browseLog.positionAt(partition, utcTime(parseRfc3339(at) ?? 0));
      return browseLog.partition(partition, from, events);
    });
  });

  route('startVerification', async (ctx) => {
    const { run, isNew } = await runs.verify(callerOf(ctx).subject, await checkpointOf(ctx, audit));
    ctx.status = 202;
    ctx.set('Location', '/audit/verifications');
    ctx.body = { is_new: isNew, run } satisfies ResponseBody<'VerificationStarted'>;
  });

  route('listVerifications', async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    const [found, takenAt] = await Promise.all([runs.verifications(), lastCheckpointAt()]);
    const lastCheckpoint = takenAt === undefined ? null : new Date(takenAt).toISOString();
    ctx.body = { runs: found, last_checkpoint_at: lastCheckpoint } satisfies ResponseBody<'Verifications'>;
  });

  route('cancelVerification', async (ctx) => {
    const id = uuidParameter(ctx, 'run_id');
    if (!(await runs.cancelVerification(id))) throw runNotFound(id);
    ctx.status = 204;
  });
}

/** The checkpoint in the body, if any. Throws ProblemError unless this service signed it. */
async function checkpointOf(ctx: Context, audit: HttpDependencies['audit']) {
  const { against } = await checkedBody(ctx, 'verification');
  if (against === undefined) return undefined;
  try {
    return (await verifySignedCheckpoint(against, audit?.publicKeys ?? [])).checkpoint;
  } catch (error) {
    if (!(error instanceof NotProven)) throw error;
    throw new ProblemError(validationProblem([{ pointer: '/against', message: error.message }]));
  }
}
