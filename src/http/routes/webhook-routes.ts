import type { Context } from 'koa';
import { type EventPosition, parseEventPosition } from '../../log-epochs.js';
import { queryLimits } from '../../queries/limits.js';
import { attempt, testMessage } from '../../webhooks/attempt.js';
import { addressProblem } from '../../webhooks/safe-post.js';
import type { Webhook, WebhookWithSecret } from '../../webhooks/webhook-store.js';
import { ProblemError, problem, validationProblem } from '../contract/problems.js';
import type { ResponseBody } from '../contract/response-schemas.js';
import { checkNotLost } from '../request/event-positions.js';
import { checkedBody } from '../request/json-body.js';
import { uuidParameter } from '../request/path-parameters.js';
import { queryParameters } from '../request/query-parameters.js';
import { callerOf } from '../request/request-context.js';
import { respond } from '../response/respond.js';
import type { HttpDependencies } from './dependencies.js';
import type { AddRoute } from './router.js';

/**
 * Subscriptions to events, and their dead letters. They are configuration, so they are kept in
 * PostgreSQL, not in Redis.
 */
export function webhookRoutes(
  route: AddRoute,
  {
    webhooks: { store, allowPrivate, post, deliveries },
    models: { epochs },
    continuity,
  }: Pick<HttpDependencies, 'webhooks' | 'models' | 'continuity'>,
): void {
  route('createWebhook', async (ctx) => {
    const { url, event_types: types } = await checkedBody(ctx, 'webhook');
    const wrong = addressProblem(url, allowPrivate);
    if (wrong !== undefined) throw new ProblemError(validationProblem([{ pointer: '/url', message: wrong }]));
    const created = await store.create(url, types, callerOf(ctx).subject);
    if (!created) throw new ProblemError(problem('too-many-webhooks', 'The limit of webhooks is reached.'));
    ctx.status = 201;
    ctx.set('Location', `/webhooks/${created.webhook_id}`);
    respondWithSecret(ctx, created);
  });

  route('listWebhooks', async (ctx) => {
    queryParameters(ctx, 'webhooks');
    respond(ctx, JSON.stringify({ webhooks: await store.list() } satisfies ResponseBody<'Webhooks'>));
  });

  route('getWebhook', async (ctx) => {
    queryParameters(ctx, 'webhooks');
    respond(ctx, JSON.stringify(await webhookOf(ctx)));
  });

  route('deleteWebhook', async (ctx) => {
    const id = uuidParameter(ctx, 'webhook_id');
    if (!(await store.delete(id))) throw notFound(id);
    ctx.status = 204;
  });

  route('setWebhookState', async (ctx) => {
    const id = uuidParameter(ctx, 'webhook_id');
    const { state } = await checkedBody(ctx, 'webhookState');
    if (!(await store.setState(id, state))) throw notFound(id);
    ctx.status = 200;
    ctx.body = await webhookOf(ctx);
  });

  route('rotateWebhookSecret', async (ctx) => {
    const id = uuidParameter(ctx, 'webhook_id');
    const secret = await store.rotateSecret(id);
    if (secret === undefined) throw notFound(id);
    ctx.status = 200;
    respondWithSecret(ctx, { ...(await webhookOf(ctx)), secret });
  });

  route('testWebhook', async (ctx) => {
    const id = uuidParameter(ctx, 'webhook_id');
    const target = await store.target(id);
    if (!target) throw notFound(id);
    const sentAt = performance.now();
    const outcome = await attempt(post.post, target.url, target.secrets, testMessage(id));
    ctx.status = 200;
    ctx.body = {
      accepted: outcome.result === 'delivered',
      error:
        outcome.result === 'failed' ? outcome.error : outcome.result === 'gone' ? 'responded with status 410' : null,
      duration_ms: Math.round(performance.now() - sentAt),
    } satisfies ResponseBody<'WebhookTested'>;
  });

  route('listDeliveries', async (ctx) => {
    const { webhook_id: id } = await webhookOf(ctx);
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { deliveries: await deliveries(id) } satisfies ResponseBody<'WebhookDeliveries'>;
  });

  route('listDeadLetters', async (ctx) => {
    const { webhook_id: id } = await webhookOf(ctx);
    const { after, limit = queryLimits.defaultPageSize } = queryParameters(ctx, 'deadLetters');
    const letters = await store.deadLetters(id, await keptPosition(after), limit);
    const next = letters.length === limit ? (letters.at(-1)?.event ?? null) : null;
    respond(ctx, JSON.stringify({ dead_letters: letters, next_after: next } satisfies ResponseBody<'DeadLetters'>));
  });

  route('replayDeadLetters', async (ctx) => {
    const { webhook_id: id } = await webhookOf(ctx);
    const { event } = await checkedBody(ctx, 'replayDeadLetters');
    const replayed = await store.replay(id, await keptPosition(event));
    ctx.status = 202;
    ctx.body = { replayed } satisfies ResponseBody<'DeadLettersReplayed'>;
  });

  /** The position in text of the right form. Throws ProblemError if its event was lost. */
  async function keptPosition(text: string | undefined): Promise<EventPosition | undefined> {
    const event = text === undefined ? undefined : parseEventPosition(text);
    if (event) await checkNotLost(epochs, continuity, event);
    return event;
  }

  async function webhookOf(ctx: Context): Promise<Webhook> {
    const id = uuidParameter(ctx, 'webhook_id');
    const webhook = await store.find(id);
    if (!webhook) throw notFound(id);
    return webhook;
  }
}

/** Responds with a secret, which no cache may store. */
function respondWithSecret(ctx: Context, body: WebhookWithSecret): void {
  ctx.set('Cache-Control', 'no-store');
  ctx.body = body;
}

function notFound(id: string): ProblemError {
  return new ProblemError(problem('webhook-not-found', `There is no webhook ${id}.`));
}
