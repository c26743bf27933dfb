import { ProblemError, problem, runNotFound } from '../../contract/problems.js';
import type { ResponseBody } from '../../contract/response-schemas.js';
import { checkedBody } from '../../request/json-body.js';
import { uuidParameter } from '../../request/path-parameters.js';
import { callerOf } from '../../request/request-context.js';
import type { HttpDependencies } from '../dependencies.js';
import { projectionName } from '../projection-routes.js';
import type { AddRoute } from '../router.js';

/** The ways to fix a stopped projection, and dry runs that compare it with the log. */
export function cureRoutes(
  route: AddRoute,
  { models, cures, runs }: Pick<HttpDependencies, 'models' | 'cures' | 'runs'>,
): void {
  route('resumeProjection', async (ctx) => {
    await cures.resume(projectionName(ctx, models));
    ctx.status = 204;
  });

  route('skipEvent', async (ctx) => {
    const name = projectionName(ctx, models);
    const event = await checkedBody(ctx, 'skipEvent');
    const skipped = await cures.skip(name, event, callerOf(ctx).subject);
    if (!skipped) {
      const detail = `${name} has not stopped at ${event.partition}:${event.position}.`;
      throw new ProblemError(problem('not-stopped', detail));
    }
    ctx.status = 200;
    ctx.body = skipped;
  });

  route('startDryRun', async (ctx) => {
    const name = projectionName(ctx, models);
    const { run, isNew } = await runs.dryRun(name, callerOf(ctx).subject);
    ctx.status = 202;
    ctx.set('Location', `/projections/${name}/dry-run`);
    ctx.body = { is_new: isNew, run } satisfies ResponseBody<'DryRunStarted'>;
  });

  route('listDryRuns', async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { runs: await runs.dryRuns(projectionName(ctx, models)) } satisfies ResponseBody<'DryRuns'>;
  });

  route('cancelDryRun', async (ctx) => {
    const name = projectionName(ctx, models);
    const id = uuidParameter(ctx, 'run_id');
    if (!(await runs.cancelDryRun(name, id))) throw runNotFound(id);
    ctx.status = 204;
  });
}
