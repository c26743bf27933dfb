import type { Context } from 'koa';
import { queryLimits } from '../../queries/limits.js';
import { addressProblem } from '../../webhooks/safe-post.js';
import type { EventPlace, Webhook } from '../../webhooks/webhook-store.js';
import { ProblemError, problem, validationProblem } from '../contract/problems.js';
import type { bodySchemas } from '../contract/request-schemas.js';
import { readJsonBody } from '../request/json-body.js';
import { uuidParameter } from '../request/path-parameters.js';
import { queryParameters } from '../request/query-parameters.js';
import { callerOf } from '../request/request-context.js';
import { bodyErrors } from '../request/validation.js';
import { respond } from '../response/respond.js';
import type { Service } from './dependencies.js';
import type { AddRoute } from './router.js';

/** Subscriptions to events, and what could not be delivered. They are configuration and not a read model: kept in PostgreSQL. */
export function webhookRoutes(route: AddRoute, { webhooks: { store, allowPrivate } }: Service): void {
  route('createWebhook', async (ctx) => {
    const { url, event_types: types } = await checkedBody<{ url: string; event_types?: string[] }>(ctx, 'webhook');
    const wrong = addressProblem(url, allowPrivate);
    if (wrong !== undefined) throw new ProblemError(validationProblem([{ pointer: '/url', message: wrong }]));
    const created = await store.create(url, types, callerOf(ctx).subject);
    if (!created) throw new ProblemError(problem('too-many-webhooks', 'There are as many webhooks as there may be.'));
    ctx.status = 201;
    ctx.set('Location', `/webhooks/${created.webhook_id}`);
    answerSecret(ctx, created);
  });

  route('listWebhooks', async (ctx) => {
    queryParameters(ctx, 'webhooks');
    respond(ctx, JSON.stringify({ webhooks: await store.list() }));
  });

  route('getWebhook', async (ctx) => {
    queryParameters(ctx, 'webhooks');
    respond(ctx, JSON.stringify(await found(ctx)));
  });

  route('deleteWebhook', async (ctx) => {
    const id = uuidParameter(ctx, 'webhook_id');
    if (!(await store.delete(id))) throw notFound(id);
    ctx.status = 204;
  });

  route('setWebhookState', async (ctx) => {
    const id = uuidParameter(ctx, 'webhook_id');
    const { state } = await checkedBody<{ state: 'active' | 'paused' }>(ctx, 'webhookState');
    if (!(await store.setState(id, state))) throw notFound(id);
    ctx.status = 200;
    ctx.body = await found(ctx);
  });

  route('rotateWebhookSecret', async (ctx) => {
    const id = uuidParameter(ctx, 'webhook_id');
    const secret = await store.rotateSecret(id);
    if (secret === undefined) throw notFound(id);
    ctx.status = 200;
    answerSecret(ctx, { ...(await found(ctx)), secret });
  });

  route('listDeadLetters', async (ctx) => {
    const { webhook_id: id } = await found(ctx);
    const { after, limit = queryLimits.defaultPageSize } = queryParameters<{ after?: string; limit?: number }>(
      ctx,
      'deadLetters',
    );
    const letters = await store.deadLetters(id, place(after), limit);
    const next = letters.length === limit ? (letters.at(-1)?.event ?? null) : null;
    respond(ctx, JSON.stringify({ dead_letters: letters, next_after: next }));
  });

  route('replayDeadLetters', async (ctx) => {
    const { webhook_id: id } = await found(ctx);
    const { event } = await checkedBody<{ event?: string }>(ctx, 'replayDeadLetters');
    ctx.status = 202;
    ctx.body = { replayed: await store.replay(id, place(event)) };
  });

  async function found(ctx: Context): Promise<Webhook> {
    const id = uuidParameter(ctx, 'webhook_id');
    const webhook = await store.find(id);
    if (!webhook) throw notFound(id);
    return webhook;
  }
}

async function checkedBody<Body>(ctx: Context, name: keyof typeof bodySchemas): Promise<Body> {
  const body = await readJsonBody(ctx);
  const errors = bodyErrors(name, body);
  if (errors.length > 0) throw new ProblemError(validationProblem(errors));
  return body as Body;
}

/** An answer with a secret in it is kept by nobody on the way. */
function answerSecret(ctx: Context, body: object): void {
  ctx.set('Cache-Control', 'no-store');
  ctx.body = body;
}

function notFound(id: string): ProblemError {
  return new ProblemError(problem('webhook-not-found', `There is no webhook ${id}.`));
}

function place(event: string | undefined): EventPlace | undefined {
  const [partition, position] = event?.split(':').map(Number) ?? [];
  return partition === undefined || position === undefined ? undefined : { partition, position };
}
