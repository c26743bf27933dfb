import type { EventPosition, LogEpochs } from '../../log-epochs.js';
import { orderEventTypes } from '../../orders/upcast.js';
import { canonicalUuid, isUuid } from '../../orders/values/uuid.js';
import { attempt, testMessage } from '../../webhooks/attempt.js';
import { addressProblem, createSafePost } from '../../webhooks/safe-post.js';
import { createWebhookStore, type Webhook } from '../../webhooks/webhook-store.js';
import { type EventLogContext, withEventLog } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { confirm } from '../terminal/confirm.js';
import { UsageError } from '../terminal/errors.js';
import { parseEventPosition } from '../terminal/event-position.js';
import { operator } from '../terminal/operator.js';
import { alignColumns } from '../terminal/tables.js';
import type { Terminal } from '../terminal/terminal.js';

const maxDeadLettersShown = 200;

const typesPerLine = 5;
const eventTypeLines = Array.from({ length: Math.ceil(orderEventTypes.length / typesPerLine) }, (_, line) =>
  orderEventTypes.slice(line * typesPerLine, (line + 1) * typesPerLine).join(', '),
);

const usage = `orders webhooks create URL [--events TYPE,TYPE]
orders webhooks list [--json]
orders webhooks show ID [--json]
orders webhooks pause|resume|rotate-secret ID
orders webhooks delete ID [--yes]
orders webhooks test ID
orders webhooks dead-letters ID
orders webhooks replay ID [--event PARTITION:POSITION]

  A webhook sends the events of orders, from its creation on, to a URL. Deliveries are signed
  (Standard Webhooks), arrive at least once, and keep the order of each order's events. A delivery
  that is given up, as a rule after 24 hours, becomes a dead letter. \`dead-letters\` shows up to
  ${maxDeadLettersShown} of them; \`replay\` sends one or all of them again. \`test\` sends a
  message of the type webhook.test now.

  --yes      do not ask
  --json     print JSON
  --events   the types to send, by default all:
             ${eventTypeLines.join(',\n             ')}

  Example: orders webhooks create https://shop.example/hook --events OrderShipped,OrderDelivered
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
  if (action !== 'list' && subject === '') throw new UsageError(usage);
  await withEventLog({ terminal }, async (context) => {
    const store = createWebhookStore(context.pool, context.settings.epochs);
    const requireWebhook = (exists: boolean) => {
      if (!exists) throw new UsageError(`there is no webhook ${subject}: see \`orders webhooks list\``);
    };
    switch (action) {
      case 'create':
        return create(context, subject, values.events);
      case 'list': {
        const all = await store.list();
        if (values.json) return terminal.print(JSON.stringify(all));
        const rows = all.length === 0 ? [] : [header, ...all.map(rowOf)];
        for (const line of alignColumns(rows, { whole: [0], screen: terminal.columns })) terminal.print(line);
        return;
      }
      case 'show': {
        const webhook = await store.find(parseId(subject));
        if (!webhook) return requireWebhook(false);
        if (values.json) return terminal.print(JSON.stringify(webhook));
        const rows = Object.entries(webhook).map(([name, value]) => [name, value === null ? '–' : String(value)]);
        for (const line of alignColumns(rows)) terminal.print(line);
        return;
      }
      case 'pause':
      case 'resume':
        requireWebhook(await store.setState(parseId(subject), action === 'pause' ? 'paused' : 'active'));
        return terminal.print(`${action}d ${subject}`);
      case 'delete':
        await confirm(
          terminal,
          `The webhook ${subject}, its pending deliveries and its dead letters will be gone.`,
          values.yes,
        );
        requireWebhook(await store.delete(parseId(subject)));
        return terminal.print(`deleted ${subject}`);
      case 'rotate-secret': {
        const secret = await store.rotateSecret(parseId(subject));
        if (secret === undefined) return requireWebhook(false);
        return terminal.print(secret);
      }
      case 'test': {
        const target = await store.target(parseId(subject));
        if (!target) return requireWebhook(false);
        const post = createSafePost(context.config.webhooksAllowPrivate);
        const outcome = await attempt(post.post, target.url, target.secrets, testMessage(subject)).finally(post.close);
        if (outcome.result === 'delivered') return terminal.print(`${target.url} accepted the message`);
        const error = outcome.result === 'gone' ? 'responded with status 410' : outcome.error;
        throw new Error(`${target.url} did not accept the message: ${error}`);
      }
      case 'dead-letters': {
        requireWebhook((await store.find(parseId(subject))) !== undefined);
        const letters = await store.deadLetters(subject, undefined, maxDeadLettersShown);
        for (const letter of letters) terminal.print(JSON.stringify(letter));
        return;
      }
      case 'replay': {
        requireWebhook((await store.find(parseId(subject))) !== undefined);
        const replayed = await store.replay(subject, chosenEvent(values.event, context.settings.epochs));
        return terminal.print(`${replayed} ${replayed === 1 ? 'dead letter' : 'dead letters'} will be sent again`);
      }
      default:
        throw new UsageError(usage);
    }
  });
}

async function create(
  { terminal, pool, config }: EventLogContext,
  url: string,
  events: string | undefined,
): Promise<void> {
  const problem = addressProblem(url, config.webhooksAllowPrivate);
  if (problem !== undefined) throw new UsageError(`${url}: ${problem}`);
  const types = events?.split(',');
  const unknown = types?.find((type) => !(orderEventTypes as readonly string[]).includes(type));
  if (unknown !== undefined) throw new UsageError(`there is no event type "${unknown}".\n\n${usage}`);
  const created = await createWebhookStore(pool).create(url, types, operator());
  if (!created) throw new UsageError('the maximum number of webhooks is reached: delete one first');
  terminal.notify(`created webhook ${created.webhook_id}. Its secret is not shown again:`);
  terminal.print(created.secret);
}

const header = ['webhook', 'state', 'url', 'events', 'to deliver', 'given up', 'not read', 'failure'];

function rowOf(webhook: Webhook): string[] {
  const { webhook_id: id, url, event_types: types, state, pending, dead_letters: dead, lag } = webhook;
  const failure = webhook.failing_since === null ? '' : `fails since ${webhook.failing_since}: ${webhook.last_error}`;
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
