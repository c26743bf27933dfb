// Uses everything that the packed client offers. runtimes.slow.test.ts runs this module in Node,
// Deno, Bun and a browser, and compares what it prints. input.mjs is written for each run. Whatever
// is used here has to exist in all of them.
import { createOrdersClient } from 'order-service-client';
import { sendBatch } from 'order-service-client/batch';
import { readChanges } from 'order-service-client/changes';
import { allEvents, allOrders, dataOf, updatedOrders } from 'order-service-client/pages';
import { verifyWebhook } from 'order-service-client/webhooks';
import { input } from './input.mjs';

const { url, key, user, webhook } = input;
const client = createOrdersClient(url, { key: async () => key });
const body = { user_id: user, items: [{ item_id: 'lamp', quantity: 2, unit_price: '29.99' }] };
const facts = {};

async function all(iterable) {
  const list = [];
  for await (const one of iterable) list.push(one);
  return list;
}

function failureOf(promise) {
  return promise.then(
    () => 'no failure',
    (error) => ({ name: error.name, status: error.status ?? error.problem?.status }),
  );
}

// The connection breaks before the response to the first command arrives.
const placed = await client.POST('/orders', { body });
const order_id = placed.data?.order_id ?? '';
facts.lostResponse = [placed.response.status, placed.response.headers.get('idempotency-replayed')];
const twice = { params: { header: { 'Idempotency-Key': `${user}-1` } }, body };
const [first, second] = [await client.POST('/orders', twice), await client.POST('/orders', twice)];
facts.sameKey = [
  first.response.headers.get('idempotency-replayed'),
  second.response.headers.get('idempotency-replayed'),
  first.data?.order_id === second.data?.order_id,
];

const params = { path: { order_id } };
const paid = await client.POST('/orders/{order_id}/pay', {
  params: { ...params, header: { Prefer: 'respond-async' } },
});
facts.own = [paid.response.status, (await client.GET('/orders/{order_id}', { params })).data?.payment_status];
const position = paid.response.headers.get('event-position') ?? '';
const other = createOrdersClient(url, key);
const waiting = await other.GET('/orders/{order_id}', {
  params: { ...params, header: { 'Min-Event-Position': position } },
});
facts.position = [waiting.response.headers.get('etag'), waiting.data?.balance];

for (let nth = 0; nth < 4; nth += 1) dataOf(await client.POST('/orders', { body }));
const listed = await all(allOrders(client, { user_id: user, limit: 4 }));
facts.pages = [
  listed.length,
  new Set(listed.map((order) => order.order_id)).size,
  listed.at(-1)?.order_id === order_id,
];
let cursor = '';
for await (const page of updatedOrders(client, { updated_since: '2020-01-01T00:00:00Z' })) cursor = page.cursor;
dataOf(await client.POST('/orders/{order_id}/note', { params, body: { text: 'Größe 4 → 5' } }));
const changed = (await all(updatedOrders(client, { cursor }))).flatMap(({ orders }) => orders);
facts.updated = changed.map((order) => order.order_id === order_id);
const history = await all(allEvents(client, order_id));
facts.events = history.map(({ type }) => type);
facts.text = history.at(-1)?.data.text;

// The connection breaks before the first results arrive.
const commands = Array.from({ length: 1_500 }, (_, nth) => ({
  command: 'place',
  user_id: `${user}-batch`,
  item_ids: [`i-${nth}`],
  total_amount: nth === 7 ? -1 : 1,
}));
const results = await all(sendBatch(url, commands, { key }));
facts.batch = [
  results.every(({ command }, nth) => command.item_ids[0] === `i-${nth}`),
  results.filter(({ result }) => result.status === 201).length,
  results.flatMap(({ command, result }) => ('problem' in result ? [[command.item_ids[0], result.problem.type]] : [])),
];

// The connection of the stream breaks at first. A note is written until the stream shows one.
const note = (text) => client.POST('/orders/{order_id}/note', { params, body: { text } });
const writing = setInterval(() => void note('again'), 100);
let id = '';
for await (const message of readChanges(url, { key, orderId: order_id })) {
  facts.stream = [message.type, message.change.type];
  id = message.id;
  break;
}
clearInterval(writing);
dataOf(await note('last'));
// Notes that were on their way come before it.
const last = dataOf(await client.GET('/orders/{order_id}', { params })).version;
const versions = [];
const enough = new AbortController();
for await (const { change, id: next } of readChanges(url, {
  key,
  orderId: order_id,
  lastEventId: id,
  signal: enough.signal,
})) {
  versions.push(change.version);
  id = next;
  if (change.version >= last) enough.abort();
}
facts.resumed = versions.every((version, nth) => version === last - versions.length + 1 + nth) && versions.length > 0;

const { secret, text, headers } = webhook;
facts.webhook = verifyWebhook(secret, text, new Headers(headers)).type;
facts.bytes = verifyWebhook(secret, new TextEncoder().encode(text), headers).type;
facts.forged = await failureOf(
  (async () => verifyWebhook(secret, text.replace('OrderPlaced', 'OrderPaid'), headers))(),
);

const invalid = await client.POST('/orders', { body: { ...body, user_id: '' } });
facts.problem = [
  invalid.response.status,
  invalid.error?.type,
  invalid.error?.errors?.map(({ pointer }) => pointer),
  invalid.response.headers.get('content-type'),
];
facts.thrown = await failureOf(
  client
    .GET('/orders/{order_id}', { params: { path: { order_id: '0197f3a0-0000-7000-8000-00000000dead' } } })
    .then(dataOf),
);
const stranger = { key: 'ok_unknown', retries: false };
facts.refused = [
  (await createOrdersClient(url, stranger).GET('/orders')).error?.type,
  await failureOf(all(sendBatch(url, commands.slice(0, 1), stranger))),
  await failureOf(all(readChanges(url, stranger))),
];

console.log(JSON.stringify(facts));
