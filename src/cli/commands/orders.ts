import { randomUUID } from 'node:crypto';
import type { OrderDocument } from '../../orders/order-document.js';
import { readArguments } from '../terminal/arguments.js';
import { UsageError } from '../terminal/errors.js';
import { alignColumns } from '../terminal/tables.js';
import type { Terminal } from '../terminal/terminal.js';
import { apiOptions, apiUsage, callApi } from './call-api.js';

const getUsage = `orders get ORDER_ID [--version N | --at TIME] [--json]

  Shows an order, as it is or as it was. Calls the running service.

${apiUsage}

  Example: orders get 018f0000-0000-7000-8000-000000000001 --version 1
  Exit code 1: there is no such order, or the service does not respond.`;

/** `orders get`: shows an order. */
export async function getCommand(args: string[], terminal: Terminal): Promise<void> {
  const options = { ...apiOptions, version: { type: 'string' }, at: { type: 'string' } } as const;
  const { values, positionals } = readArguments(args, getUsage, options, 1);
  if (values.help) return terminal.print(getUsage);
  const [orderId] = positionals;
  if (orderId === undefined) throw new UsageError(getUsage);
  const query = queryOf({ version: values.version, at: values.at });
  const order = await callApi(terminal, values.url, {
    method: 'GET',
    path: `/orders/${encodeURIComponent(orderId)}${query}`,
  });
  printOrder(terminal, order as OrderDocument, values.json);
}

const listUsage = `orders list [--user USER_ID] [--status STATUS,…] [--payment-status STATUS,…] [--reference TEXT]
            [--limit N] [--json]

  Lists orders, the newest first. Calls the running service.

  --limit     at most 200; by default 20
${apiUsage}

  Example: orders list --status pending,processing --limit 50
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
  const path = `/orders${queryOf({
    user_id: values.user,
    status: values.status,
    payment_status: values['payment-status'],
    reference: values.reference,
    limit: values.limit ?? '20',
  })}`;
  const page = (await callApi(terminal, values.url, { method: 'GET', path })) as {
    orders: OrderDocument[];
    next_cursor: string | null;
  };
  if (values.json) return terminal.print(JSON.stringify(page));
  const rows = page.orders.map((order) => {
    const { order_id, placed_at, status, payment_status, total_amount, currency, user_id } = order;
    return [order_id, placed_at.slice(0, 16), status, payment_status, `${total_amount} ${currency}`, user_id];
  });
  const header = ['order', 'placed', 'status', 'payment', 'total', 'user'];
  for (const line of alignColumns([header, ...rows], { right: [4], whole: [0], screen: terminal.columns }))
    terminal.print(line);
  if (page.next_cursor !== null)
    terminal.notify('there are more: narrow the filters, or use GET /orders with its cursor');
}

/** The commands that an order takes, beside `place`: each is POST /orders/ID/NAME. */
export const orderActions = [
  ...['amend', 'pay', 'process', 'ship', 'track', 'deliver', 'cancel', 'refund', 'credit', 'return'],
  ...['hold', 'release', 'note'],
] as const;

const actUsage = (
  name: string,
) => `orders ${name} ${name === 'place' ? '' : 'ORDER_ID '}[--data JSON] [--key KEY] [--json]

  Sends the command "${name}" to the running service, and shows the order after it.

  --data JSON   the body, such as ${examples[name] ?? '{}'}
  --key KEY     the Idempotency-Key: the same key again does nothing more. By default a new one
${apiUsage}

  The fields of each command are in docs/orders.md and at /docs of the service.
  Example: orders ${name} ${name === 'place' ? '' : '018f0000-0000-7000-8000-000000000001 '}--data '${examples[name] ?? '{}'}'
  Exit code 1: the service refused the command, or does not respond.`;

const examples: Readonly<Record<string, string>> = {
  place: '{"user_id":"u-1","item_ids":["a"],"total_amount":19.99}',
  pay: '{"amount":19.99,"payment_reference":"p-1"}',
  ship: '{"carrier":"DHL","tracking_number":"T-1"}',
  cancel: '{"reason":"out of stock"}',
  refund: '{"amount":5,"reason":"damaged"}',
  note: '{"text":"called back"}',
};

/** `orders place`, `orders pay ID` and so on: sends one command. */
export function actCommand(name: string) {
  return async (args: string[], terminal: Terminal): Promise<void> => {
    const usage = actUsage(name);
    const options = { ...apiOptions, data: { type: 'string' }, key: { type: 'string' } } as const;
    const isPlace = name === 'place';
    const { values, positionals } = readArguments(args, usage, options, isPlace ? 0 : 1);
    if (values.help) return terminal.print(usage);
    const [orderId] = positionals;
    if (!isPlace && orderId === undefined) throw new UsageError(usage);
    const path = isPlace ? '/orders' : `/orders/${encodeURIComponent(orderId ?? '')}/${name}`;
    const order = await callApi(terminal, values.url, {
      method: 'POST',
      path,
      body: parseData(values.data ?? '{}'),
      headers: { 'idempotency-key': values.key ?? randomUUID() },
    });
    printOrder(terminal, order as OrderDocument, values.json);
  };
}

function parseData(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--data must be JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function queryOf(parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as [string, string]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

function printOrder(terminal: Terminal, order: OrderDocument, json: boolean | undefined): void {
  if (json) {
    terminal.print(JSON.stringify(order));
    return;
  }
  const money = (amount: number) => `${amount} ${order.currency}`;
  terminal.print(`order ${order.order_id}, version ${order.version}`);
  const rows = [
    ['status', `${order.status}${order.on_hold ? ' (on hold)' : ''}, ${order.payment_status}`],
    ['user', order.user_id],
    ...(order.reference == null ? [] : [['reference', order.reference]]),
    ['placed', order.placed_at],
    ['total', money(order.total_amount)],
    ['paid', money(order.paid_amount)],
    ['balance', money(order.balance)],
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
