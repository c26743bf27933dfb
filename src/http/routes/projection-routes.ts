import type { Context } from 'koa';
import { getProjections } from '../../queries/get-projections.js';
import { ProblemError, problem } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';
import { queryParameters } from '../request/query-parameters.js';
import { callerOf } from '../request/request-context.js';
import type { EventStream } from '../response/event-streams.js';
import { notAcceptable, respond } from '../response/respond.js';
import type { Service } from './dependencies.js';
import type { AddRoute } from './router.js';

/** Where the projections stand, once or as a stream; and their rebuilds. */
export function projectionRoutes(route: AddRoute, service: Service): void {
  const { models, rebuilds } = service;
  const follow = createFollow(service);

  route('getProjections', async (ctx) => {
    queryParameters(ctx, 'projections');
    ctx.vary('Accept');
    const type = ctx.accepts('application/json', 'text/event-stream');
    if (!type) throw notAcceptable();
    if (type === 'text/event-stream') follow(service.streams.open(ctx));
    else respond(ctx, await projectionsJson(service));
  });

  route('rebuildProjection', async (ctx) => {
    const name = projectionName(ctx, service);
    const { isNew } = await rebuilds.request(name, callerOf(ctx).subject);
    const state = (await getProjections(models)).find((projection) => projection.name === name);
    ctx.status = 202;
    ctx.set('Location', '/projections');
    ctx.body = { name, requested: isNew, rebuild: state?.rebuild ?? null };
  });

  route('cancelRebuild', async (ctx) => {
    const name = projectionName(ctx, service);
    if (!(await rebuilds.cancel(name))) {
      throw new ProblemError(problem('rebuild-not-found', `${name} is not being rebuilt.`));
    }
    ctx.status = 204;
  });
}

async function projectionsJson({ models }: Service): Promise<string> {
  return JSON.stringify({ projections: await getProjections(models) });
}

function projectionName(ctx: Context, { models }: Service): string {
  const name = String(ctx.params.name);
  if (models.projections.some((projection) => projection.name === name)) return name;
  const known = models.projections.map((projection) => projection.name).join(', ');
  throw new ProblemError(problem('projection-not-found', `There is no projection "${name}"; there are ${known}.`));
}

/** Sends every reader the state of the projections when it has changed: looked at once for all of them, and only while there are any. */
function createFollow(service: Service): (stream: EventStream) => void {
  const readers = new Set<EventStream>();
  let timer: NodeJS.Timeout | undefined;
  let latest = '';

  async function look(): Promise<void> {
    const text = await projectionsJson(service).catch((error: unknown) => {
      service.log.debug({ error: String(error) }, 'the stream of projections: Redis did not answer');
      return latest;
    });
    if (text === latest) return;
    latest = text;
    for (const reader of readers) reader.send({ event: 'projections', data: text });
  }

  return (stream) => {
    readers.add(stream);
    if (latest) stream.send({ event: 'projections', data: latest });
    timer ??= setInterval(() => void look(), limits.projectionStreamIntervalMs);
    void look();
    stream.closed.addEventListener('abort', () => {
      readers.delete(stream);
      if (readers.size > 0) return;
      clearInterval(timer);
      timer = undefined;
      latest = '';
    });
  };
}
