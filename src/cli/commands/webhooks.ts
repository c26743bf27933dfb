import { orderEventTypes } from '../../orders/upcast.js';
import { addressProblem } from '../../webhooks/safe-post.js';
import { createWebhookStore, type Webhook } from '../../webhooks/webhook-store.js';
import { type OpenLog, withLog } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { UsageError } from '../terminal/errors.js';
import { operator } from '../terminal/operator.js';

const usage = `orders webhooks create URL [--events TYPE,TYPE]
orders webhooks list
orders webhooks pause|resume|delete|rotate-secret ID
orders webhooks dead-letters ID
orders webhooks replay ID [--event PARTITION:POSITION]

  Subscribes addresses to the events of orders from now on. Deliveries are signed (Standard Webhooks), at least once, in order per
  order, and tried again for a day; what fails for longer is a dead letter, which replay tries again.

  --events   ${orderEventTypes.slice(0, 7).join(', ')},
             ${orderEventTypes.slice(7).join(', ')}; all by default`;

/** `orders webhooks`: who is told of events. */
export async function webhooksCommand(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args, usage, { events: { type: 'string' }, event: { type: 'string' } });
  if (values.help) return console.log(usage);
  const [action, subject = '', ...more] = positionals;
  if (more.length > 0 || (action !== 'list' && subject === '')) throw new UsageError(usage);
  await withLog(async (open) => {
    const store = createWebhookStore(open.pool);
    const exists = (done: boolean) => {
      if (!done) throw new UsageError(`there is no webhook ${subject}: orders webhooks list`);
    };
    switch (action) {
      case 'create':
        return create(open, subject, values.events);
      case 'list':
        for (const webhook of await store.list()) console.log(inWords(webhook));
        return;
      case 'pause':
      case 'resume':
        exists(await store.setState(uuid(subject), action === 'pause' ? 'paused' : 'active'));
        return console.log(`${subject}: ${action}d`);
      case 'delete':
        exists(await store.delete(uuid(subject)));
        return console.log(`deleted: ${subject}`);
      case 'rotate-secret': {
        const secret = await store.rotateSecret(uuid(subject));
        exists(secret !== undefined);
        return console.log(secret);
      }
      case 'dead-letters': {
        exists((await store.find(uuid(subject))) !== undefined);
        for (const letter of await store.deadLetters(subject, undefined, 200)) console.log(JSON.stringify(letter));
        return;
      }
      case 'replay': {
        exists((await store.find(uuid(subject))) !== undefined);
        return console.log(`${await store.replay(subject, place(values.event))} tried again`);
      }
      default:
        throw new UsageError(usage);
    }
  });
}

async function create({ pool, config }: OpenLog, url: string, events: string | undefined): Promise<void> {
  const wrong = addressProblem(url, config.webhooksAllowPrivate);
  if (wrong !== undefined) throw new UsageError(`${url}: ${wrong}`);
  const types = events?.split(',');
  const unknown = types?.find((type) => !(orderEventTypes as readonly string[]).includes(type));
  if (unknown !== undefined) throw new UsageError(`there are no events of type "${unknown}".\n\n${usage}`);
  const created = await createWebhookStore(pool).create(url, types, operator());
  if (!created) throw new UsageError('there are as many webhooks as there may be: delete one first');
  console.error(`orders: webhook ${created.webhook_id}. Its secret is shown this once:`);
  console.log(created.secret);
}

function inWords({
  webhook_id: id,
  url,
  event_types: types,
  state,
  pending,
  dead_letters: dead,
  lag,
}: Webhook): string {
  return `${id}  ${state}  ${url}  ${types?.join(',') ?? 'all'}  ${pending} pending  ${dead} dead  ${lag} behind`;
}

function uuid(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text.toLowerCase();
  throw new UsageError(`"${text}" is no webhook’s id: orders webhooks list`);
}

function place(text: string | undefined): { partition: number; position: number } | undefined {
  if (text === undefined) return undefined;
  const [, partition, position] = /^(\d{1,4}):(\d{1,15})$/.exec(text) ?? [];
  if (partition === undefined)
    throw new UsageError('--event PARTITION:POSITION, as orders webhooks dead-letters shows it');
  return { partition: Number(partition), position: Number(position) };
}
