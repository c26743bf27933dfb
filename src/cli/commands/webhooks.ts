import type { EventPosition, LogEpochs } from '../../log-epochs.js';
import { orderEventTypes } from '../../orders/upcast.js';
import { canonicalUuid, isUuid } from '../../orders/values/uuid.js';
import { attempt, testMessage } from '../../webhooks/attempt.js';
import { addressProblem, createSafePost } from '../../webhooks/safe-post.js';
import { createWebhookStore, type Webhook } from '../../webhooks/webhook-store.js';
import { type EventLogContext, withEventLog } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { confirm } from '../terminal/confirm.js';
import { UsageError, wrongCall } from '../terminal/errors.js';
import { parseEventPosition } from '../terminal/event-position.js';
import { operator } from '../terminal/operator.js';
import { alignColumns, toSeconds } from '../terminal/tables.js';
import type { Terminal } from '../terminal/terminal.js';

const maxDeadLettersShown = 200;

const typesPerLine = 5;
const eventTypeLines = Array.from({ length: Math.ceil(orderEventTypes.length / typesPerLine) }, (_, line) =>
  orderEventTypes.slice(line * typesPerLine, (line + 1) * typesPerLine).join(', '),
);

const usage = `orders webhooks create URL [--events TYPE,TYPE] [--json]
orders webhooks list [--json]
orders webhooks show ID [--json]
orders webhooks pause|resume|rotate-secret ID [--json]
orders webhooks delete ID [--yes] [--json]
orders webhooks test ID [--json]
orders webhooks dead-letters ID [--json]
orders webhooks replay ID [--event PARTITION:POSITION] [--json]

  A webhook sends the events of orders, from its creation on, to a URL. Deliveries are signed
  (Standard Webhooks), arrive at least once, and keep the order of each order's events. A delivery
  that is given up, as a rule after 24 hours, becomes a dead letter. \`dead-letters\` shows up to
  ${maxDeadLettersShown} of them; \`replay\` sends one or all of them again. \`test\` sends a
  message of the type webhook.test now.

  --yes      do not ask
  --json     print one JSON document
  --events   the types to send, by default all:
             ${eventTypeLines.join(',\n             ')}

  Example: orders webhooks create https://shop.example/hook --events OrderShipped,OrderDelivered
           orders webhooks list --json | jq '.[] | select(.dead_letters > 0) | .webhook_id'
  Exit code 1: the receiver did not accept the test.`;

/** `orders webhooks`: manages webhooks and their dead letters. */
export async function webhooksCommand(args: string[], terminal: Terminal): Promise<void> {
  const options = {
    events: { type: 'string' },
    event: { type: 'string' },
    yes: { type: 'boolean' },
    json: { type: 'boolean' },
  } as const;
  const { values, positionals } = readArguments(args, usage, options, 2);
  if (values.help) return terminal.print(usage);
  const [action, subject = ''] = positionals;
  if (action !== 'list' && action !== 'create' && !isAction(action)) throw wrongCall('name one of the actions', usage);
  if (action !== 'list' && subject === '') throw wrongCall(`${action === 'create' ? 'URL' : 'ID'} is missing`, usage);
  await withEventLog({ terminal }, async (context) => {
    const store = createWebhookStore(context.pool, context.settings.epochs);
    const requireWebhook = (exists: boolean) => {
      if (!exists) throw new UsageError(`there is no webhook ${subject}: see \`orders webhooks list\``);
    };
    const show = (text: string, document: object) => terminal.print(values.json ? JSON.stringify(document) : text);
    if (action === 'create') return create(context, subject, values.events, values.json);
    if (action === 'list') return list(terminal, await store.list(), values.json);
    const webhook_id = parseId(subject);
    switch (action) {
      case 'show': {
        const webhook = await store.find(webhook_id);
        if (!webhook) return requireWebhook(false);
        if (values.json) return terminal.print(JSON.stringify(webhook));
        const rows = Object.entries(webhook).map(([name, value]) => [name, value === null ? '–' : String(value)]);
        for (const line of alignColumns(rows)) terminal.print(line);
        return;
      }
      case 'pause':
      case 'resume': {
        const state = action === 'pause' ? 'paused' : 'active';
        requireWebhook(await store.setState(webhook_id, state));
        return show(`${action}d ${subject}`, { webhook_id, state });
      }
      case 'delete': {
        const lost = `The webhook ${subject}, its pending deliveries and its dead letters will be gone.`;
        await confirm(terminal, lost, values.yes);
        requireWebhook(await store.delete(webhook_id));
        return show(`deleted ${subject}`, { webhook_id, deleted: true });
      }
      case 'rotate-secret': {
        const secret = await store.rotateSecret(webhook_id);
        if (secret === undefined) return requireWebhook(false);
        return show(secret, { webhook_id, secret });
      }
      case 'test': {
        const target = await store.target(webhook_id);
        if (!target) return requireWebhook(false);
        const post = createSafePost(context.config.webhooksAllowPrivate);
        const message = testMessage(webhook_id);
        const outcome = await attempt(post.post, target.url, target.secrets, message).finally(post.close);
        const { url } = target;
        if (outcome.result === 'delivered')
          return show(`${url} accepted the message`, { webhook_id, url, accepted: true, error: null });
        const error = outcome.result === 'gone' ? 'responded with status 410' : outcome.error;
        if (values.json) terminal.print(JSON.stringify({ webhook_id, url, accepted: false, error }));
        throw new Error(`${url} did not accept the message: ${error}`);
      }
      case 'dead-letters': {
        requireWebhook((await store.find(webhook_id)) !== undefined);
        const letters = await store.deadLetters(webhook_id, undefined, maxDeadLettersShown);
        if (values.json) return terminal.print(JSON.stringify(letters));
        for (const letter of letters) terminal.print(JSON.stringify(letter));
        return;
      }
      case 'replay': {
        requireWebhook((await store.find(webhook_id)) !== undefined);
        const replayed = await store.replay(webhook_id, chosenEvent(values.event, context.settings.epochs));
        const letters = `${replayed} ${replayed === 1 ? 'dead letter' : 'dead letters'}`;
        return show(`${letters} will be sent again`, { webhook_id, replayed });
      }
    }
  });
}

/** The actions on one webhook, by its id. */
const actions = ['show', 'pause', 'resume', 'delete', 'rotate-secret', 'test', 'dead-letters', 'replay'] as const;

function isAction(text: string | undefined): text is (typeof actions)[number] {
  return actions.some((action) => action === text);
}

async function create(
  { terminal, pool, config }: EventLogContext,
  url: string,
  events: string | undefined,
  json: boolean | undefined,
): Promise<void> {
  const problem = addressProblem(url, config.webhooksAllowPrivate);
  if (problem !== undefined) throw new UsageError(`${url}: ${problem}`);
  const types = events?.split(',');
  const unknown = types?.find((type) => !(orderEventTypes as readonly string[]).includes(type));
  if (unknown !== undefined) throw new UsageError(`there is no event type "${unknown}".\n\n${usage}`);
  const created = await createWebhookStore(pool).create(url, types, operator());
  if (!created) throw new UsageError('the maximum number of webhooks is reached: delete one first');
  if (json) return terminal.print(JSON.stringify(created));
  terminal.notify(`created webhook ${created.webhook_id}. Its secret is not shown again:`);
  terminal.print(created.secret);
}

function list(terminal: Terminal, webhooks: readonly Webhook[], json: boolean | undefined): void {
  if (json) {
    terminal.print(JSON.stringify(webhooks));
    return;
  }
  if (webhooks.length === 0) {
    terminal.notify('there is no webhook: `orders webhooks create URL` creates one');
    return;
  }
  for (const line of alignColumns([header, ...webhooks.map(rowOf)], { whole: [0], screen: terminal.columns }))
    terminal.print(line);
}

const header = ['webhook', 'state', 'url', 'events', 'to deliver', 'given up', 'not read', 'failure'];

function rowOf(webhook: Webhook): string[] {
  const { webhook_id: id, url, event_types: types, state, pending, dead_letters: dead, lag } = webhook;
  const next = webhook.retry_at === null ? '' : `, next attempt at ${toSeconds(webhook.retry_at)}`;
  const failure =
    webhook.failing_since === null
      ? ''
      : `fails since ${toSeconds(webhook.failing_since)}${next}: ${webhook.last_error}`;
  return [id, state, url, types?.join(',') ?? 'all', String(pending), String(dead), String(lag), failure];
}

function parseId(text: string): string {
  if (isUuid(text)) return canonicalUuid(text);
  throw new UsageError(`"${text}" is not the ID of a webhook: see \`orders webhooks list\``);
}

function chosenEvent(text: string | undefined, epochs: LogEpochs): EventPosition | undefined {
  if (text === undefined) return undefined;
  const event = parseEventPosition(text, epochs);
  if (!event) throw new UsageError('--event must be PARTITION:POSITION, as `orders webhooks dead-letters` shows it');
  return event;
}
