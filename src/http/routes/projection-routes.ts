import type { Context } from 'koa';
import { getProjections } from '../../queries/get-projections.js';
import type { ReadModels } from '../../queries/live-generation.js';
import { readEndedBuilds } from '../../read-models/ended-builds.js';
import { ProblemError, problem } from '../contract/problems.js';
import type { ResponseBody } from '../contract/response-schemas.js';
import { queryParameters } from '../request/query-parameters.js';
import { callerOf } from '../request/request-context.js';
import { notAcceptable, respond } from '../response/respond.js';
import type { HttpDependencies } from './dependencies.js';
import { followProjections } from './follow-projections.js';
import type { AddRoute } from './router.js';

type ProjectionDependencies = Pick<HttpDependencies, 'models' | 'rebuilds' | 'streams' | 'log'>;

/** The state of the projections, once or as a stream, and their rebuilds. */
export function projectionRoutes(route: AddRoute, { models, rebuilds, streams, log }: ProjectionDependencies): void {
  const follow = followProjections(() => projectionsJson(models), log);

  route('getProjections', async (ctx) => {
    queryParameters(ctx, 'projections');
    ctx.vary('Accept');
    const type = ctx.accepts('application/json', 'text/event-stream');
    if (!type) throw notAcceptable();
    if (type === 'text/event-stream') follow(streams.open(ctx));
    else respond(ctx, await projectionsJson(models));
  });

  route('rebuildProjection', async (ctx) => {
    const name = projectionName(ctx, models);
    const { isNew } = await rebuilds.request(name, callerOf(ctx).subject);
    const state = (await getProjections(models)).find((projection) => projection.name === name);
    ctx.status = 202;
    ctx.set('Location', '/projections');
    ctx.body = { name, requested: isNew, rebuild: state?.rebuild ?? null } satisfies ResponseBody<'RebuildRequested'>;
  });

  route('cancelRebuild', async (ctx) => {
    const name = projectionName(ctx, models);
    if (!(await rebuilds.cancel(name))) {
      throw new ProblemError(problem('rebuild-not-found', `${name} is not being rebuilt.`));
    }
    ctx.status = 204;
  });

  route('listRebuilds', async (ctx) => {
    const name = projectionName(ctx, models);
    ctx.set('Cache-Control', 'no-store');
    ctx.body = {
      rebuilds: await readEndedBuilds(models.redis, models.keys, name),
    } satisfies ResponseBody<'EndedRebuilds'>;
  });
}

async function projectionsJson(models: ReadModels): Promise<string> {
  const projections = await getProjections(models);
  const ageMs = models.headTimes?.ageMs;
  const heads_age_seconds = ageMs === undefined ? null : Math.floor(ageMs / 1000);
  return JSON.stringify({ projections, heads_age_seconds } satisfies ResponseBody<'Projections'>);
}

/** The projection that the path names. Throws ProblemError if it does not exist. */
export function projectionName(ctx: Context, { projections }: ReadModels): string {
  const name = String(ctx.params.name);
  if (projections.some((projection) => projection.name === name)) return name;
  const known = projections.map((projection) => projection.name).join(', ');
  throw new ProblemError(
    problem('projection-not-found', `There is no projection "${name}". The projections are ${known}.`),
  );
}
