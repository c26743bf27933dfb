import { randomUUID } from 'node:crypto';
import type { components } from '../../../client/schema.js';
import { commandSummaries } from '../../http/contract/command-operations.js';
import type { CommandName } from '../../orders/commands.js';
import { orderStatuses, paymentStatuses } from '../../orders/totals.js';
import { exponentOf } from '../../orders/values/currency.js';
import { readArguments } from '../terminal/arguments.js';
import { UsageError, wrongCall } from '../terminal/errors.js';
import { alignColumns } from '../terminal/tables.js';
import type { Terminal } from '../terminal/terminal.js';
import { apiOptions, apiUsage, callApi } from './call-api.js';

const getUsage = `orders get ORDER_ID [--version N | --at TIME] [--json]

  Shows an order, as it is or as it was. Calls the running service.

  --version N   the order after its first N events
  --at TIME     the order as it was at this time (RFC 3339)
${apiUsage}

  Example: orders get 018f0000-0000-7000-8000-000000000001 --version 1
           orders get 018f0000-0000-7000-8000-000000000001 --json | jq .balance
  Exit code 1: there is no such order, or the service does not respond.`;

/** `orders get`: shows an order. */
export async function getCommand(args: string[], terminal: Terminal): Promise<void> {
  const options = { ...apiOptions, version: { type: 'string' }, at: { type: 'string' } } as const;
  const { values, positionals } = readArguments(args, getUsage, options, 1);
  if (values.help) return terminal.print(getUsage);
  const [orderId] = positionals;
  if (orderId === undefined) throw wrongCall('ORDER_ID is missing', getUsage);
  const { version, at } = values;
  const query = {
    ...(version === undefined ? {} : { version: wholeNumber('--version', version) }),
    ...(at === undefined ? {} : { at }),
  };
  const order = await callApi(terminal, values.url, {
    send: (client, signal) =>
      client.GET('/orders/{order_id}', { params: { path: { order_id: orderId }, query }, signal }),
  });
  printOrder(terminal, order, values.json);
}

const listUsage = `orders list [--user USER_ID] [--status STATUS,…] [--payment-status STATUS,…] [--reference TEXT]
            [--limit N] [--json]

  Lists orders, the newest first. Calls the running service.

  --user        orders of this user
  --status      ${orderStatuses.slice(0, 4).join(', ')},
                ${orderStatuses.slice(4).join(', ')}
  --payment-status
                ${paymentStatuses.join(', ')}
  --reference   orders with this reference of the shop
  --limit       at most 200; by default 20
${apiUsage}

  Example: orders list --status pending,processing --limit 50
           orders list --status pending --json | jq -r '.orders[].order_id'
  Exit code 1: the service does not respond, or refuses.`;

/** `orders list`: lists the newest orders. */
export async function listCommand(args: string[], terminal: Terminal): Promise<void> {
  const options = {
    ...apiOptions,
    user: { type: 'string' },
    status: { type: 'string' },
    'payment-status': { type: 'string' },
    reference: { type: 'string' },
    limit: { type: 'string' },
  } as const;
  const { values } = readArguments(args, listUsage, options, 0);
  if (values.help) return terminal.print(listUsage);
  const { user, status, 'payment-status': paymentStatus, reference, limit = '20' } = values;
  const query = {
    ...(user === undefined ? {} : { user_id: user }),
    ...(status === undefined ? {} : { status: chosenOf('--status', status, orderStatuses) }),
    ...(paymentStatus === undefined
      ? {}
      : { payment_status: chosenOf('--payment-status', paymentStatus, paymentStatuses) }),
    ...(reference === undefined ? {} : { reference }),
    limit: wholeNumber('--limit', limit),
  };
  const page = await callApi(terminal, values.url, {
    send: (client, signal) => client.GET('/orders', { params: { query }, signal }),
  });
  if (values.json) return terminal.print(JSON.stringify(page));
  const rows = page.orders.map((order) => {
    const { order_id, placed_at, status, payment_status, total_amount, currency, user_id } = order;
    return [order_id, placed_at.slice(0, 16), status, payment_status, inCurrency(total_amount, currency), user_id];
  });
  const header = ['order', 'placed', 'status', 'payment', 'total', 'user'];
  if (rows.length === 0 && page.next_cursor === null) return terminal.notify('no order matches');
  for (const line of alignColumns([header, ...rows], { right: [4], whole: [0], screen: terminal.columns }))
    terminal.print(line);
  if (page.next_cursor !== null)
    terminal.notify('there are more: narrow the filters, or use GET /orders with its cursor');
}

const actUsage = (name: CommandName) => {
  const [id, idVariable] = name === 'place' ? ['', ''] : ['018f0000-0000-7000-8000-000000000001 ', '"$ID" '];
  return `orders ${name} ${name === 'place' ? '' : 'ORDER_ID '}[--data JSON] [--key KEY] [--json]

  ${commandSummaries[name]}.
  Sends the command to the running service, and shows the order after it.

  --data JSON   the body, such as ${commandExamples[name]}
  --key KEY     the Idempotency-Key: the same key again does nothing more. By default a new one
${apiUsage}

  The fields of each command are in docs/orders.md and at /docs of the service.
  Example: orders ${name} ${id}\\
             --data '${commandExamples[name]}'
           orders ${name} ${idVariable}--data "$DATA" --json | jq .status
  Exit code 1: the service refused the command, or does not respond.`;
};

/** A body of each command, for its usage. */
export const commandExamples: Readonly<Record<CommandName, string>> = {
  place: '{"user_id":"u-1","item_ids":["a"],"total_amount":19.99}',
  amend: '{"reference":"A-17"}',
  pay: '{"amount":19.99,"payment_reference":"p-1"}',
  process: '{}',
  ship: '{"carrier":"DHL","tracking_number":"T-1"}',
  track: '{"shipment_id":"1","carrier":"DHL","tracking_number":"T-2"}',
  deliver: '{"shipment_id":"1"}',
  cancel: '{"reason":"out of stock"}',
  refund: '{"amount":5,"reason":"damaged"}',
  credit: '{"amount":2,"reason":"delivered late"}',
  return: '{"reason":"too small"}',
  hold: '{"reason":"the address is checked"}',
  release: '{"reason":"the address is right"}',
  note: '{"text":"called back"}',
};

/** `orders place`, `orders pay ID` and so on: sends one command. */
export function actCommand(name: CommandName) {
  return async (args: string[], terminal: Terminal): Promise<void> => {
    const usage = actUsage(name);
    const options = { ...apiOptions, data: { type: 'string' }, key: { type: 'string' } } as const;
    const { values, positionals } = readArguments(args, usage, options, name === 'place' ? 0 : 1);
    if (values.help) return terminal.print(usage);
    const [orderId = ''] = positionals;
    if (name !== 'place' && orderId === '') throw wrongCall('ORDER_ID is missing', usage);
    // Its type is any: the service validates it, and says what is wrong with it.
    const body = parseData(values.data ?? '{}');
    const key = values.key ?? randomUUID();
    const header = { 'Idempotency-Key': key };
    const order = await callApi(terminal, values.url, {
      key,
      send: (client, signal) =>
        name === 'place'
          ? client.POST('/orders', { params: { header }, body, signal })
          : client.POST(`/orders/{order_id}/${name}`, {
              params: { path: { order_id: orderId }, header },
              body,
              signal,
            }),
    });
    printOrder(terminal, order, values.json);
  };
}

function parseData(text: string) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--data must be JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`${option} must be a whole number, not "${text}"`);
  return Number(text);
}

/** The values of a list with commas, each of which has to be one of these. */
function chosenOf<const Value extends string>(option: string, text: string, known: readonly Value[]): Value[] {
  return text.split(',').map((name) => {
    const found = known.find((one) => one === name.trim());
    if (found === undefined) throw new UsageError(`${option}: "${name}" is not one of ${known.join(', ')}`);
    return found;
  });
}

/** An amount with the decimals of its currency. */
function inCurrency(amount: number, currency: string): string {
  return `${amount.toFixed(exponentOf(currency))} ${currency}`;
}

function printOrder(terminal: Terminal, order: components['schemas']['Order'], json: boolean | undefined): void {
  if (json) {
    terminal.print(JSON.stringify(order));
    return;
  }
  const money = (amount: number) => inCurrency(amount, order.currency);
  terminal.print(`order ${order.order_id}, version ${order.version}`);
  const rows = [
    ['status', `${order.status}${order.on_hold ? ' (on hold)' : ''}, ${order.payment_status}`],
    ['user', order.user_id],
    ...(order.reference == null ? [] : [['reference', order.reference]]),
    ['placed', order.placed_at],
    ['total', money(order.total_amount)],
    ['paid', money(order.paid_amount)],
    ['balance', money(order.balance)],
    ...(order.damaged ? [['damaged', 'later events are missing: an operator has skipped one (`orders status`)']] : []),
  ];
  for (const line of alignColumns(rows)) terminal.print(`  ${line}`);
  const lines = order.items.map(({ line_id, item_id, quantity, shipped, delivered, returned, cancelled }) => {
    const counts = Object.entries({ shipped, delivered, returned, cancelled }).flatMap(([name, count]) =>
      count > 0 ? `${count} ${name}` : [],
    );
    return [line_id, item_id, `${quantity} ordered`, counts.join(', ')];
  });
  for (const line of alignColumns(lines)) terminal.print(`  ${line}`);
}
