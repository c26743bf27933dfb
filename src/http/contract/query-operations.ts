import { cached, json, type Operation } from './operation.js';
import type { ProblemName } from './problem-types.js';

const everyQuery: readonly ProblemName[] = [
  'invalid-header',
  'validation',
  'not-acceptable',
  'read-models-unavailable',
  'position-not-reached',
  'position-lost',
];

/** Queries of orders. */
export const queryOperations = {
  listOrders: {
    method: 'get',
    path: '/orders',
    tag: 'Queries',
    summary: 'Orders, newest first, or by their last change',
    description:
      'A page has up to `limit` orders. It ends early if it would become longer than 1 MiB, or if very few orders ' +
      'match. A page may therefore be empty; the last page has a `next_cursor` of null. `status` and `payment_status` ' +
      'may be repeated. With `sort=updated` the order that changed first comes first, and `next_cursor` is never ' +
      'null: a client that follows it misses no change, and gets an order again when it changes again. A page whose ' +
      '`next_cursor` is the `cursor` of its request has reached the end for now. `sort=updated` and `updated_since` ' +
      'need the scope `orders:read`.',
    access: ['orders:read', 'orders:read:own'],
    query: 'orders',
    headers: ['Min-Event-Position', 'If-None-Match'],
    responses: cached('A page of orders', json('OrderPage')),
    problems: [...everyQuery, 'invalid-cursor'],
  },
  lookUpOrders: {
    method: 'get',
    path: '/orders/lookup',
    tag: 'Queries',
    summary: 'Orders by a text that identifies them',
    description:
      'Orders whose order id, reference, payment reference, tracking number or user id equals `q`, newest first; ' +
      '`matched_by` names the fields. A caller with the scope `orders:read:own` finds its own orders. A page may be ' +
      'empty; the last page has a `next_cursor` of null. References and tracking numbers that were replaced, and ' +
      'those of forgotten persons, do not match.',
    access: ['orders:read', 'orders:read:own'],
    query: 'lookup',
    headers: ['Min-Event-Position', 'If-None-Match'],
    responses: cached('A page of orders', json('LookupPage')),
    problems: [...everyQuery, 'invalid-cursor'],
  },
  getMetrics: {
    method: 'get',
    path: '/orders/metrics',
    tag: 'Queries',
    summary: 'The metrics of one currency',
    description:
      'Days, weeks and months are those of `time_zone`. A day on which clocks change is shorter or longer, in most ' +
      'zones by an hour. If clocks skip midnight, the day begins with the change; if midnight occurs twice, the day ' +
      'begins at the first. The figures are kept by quarter of an hour of UTC; an interval that begins at another time ' +
      'leads to a 422. ' +
      'With `by=event` each amount counts at the time of its event: refunds and cancellations do not change a month ' +
      'that is over. `orders` then counts the orders placed in the interval, and `cancelled_orders` those cancelled in ' +
      'it; `by_status` has cancelled orders only, and there are no processing times.',
    access: ['metrics:read'],
    query: 'metrics',
    headers: ['Min-Event-Position', 'If-None-Match'],
    responses: cached('The metrics', json('Metrics')),
    problems: [...everyQuery, 'too-many-buckets'],
  },
  streamOrders: {
    method: 'get',
    path: '/orders/stream',
    tag: 'Queries',
    summary: 'Changes as they happen, as Server-Sent Events',
    description:
      'Each message is one change; its data is a Change. The stream starts with the next change. ' +
      'With Last-Event-ID it continues right after that message: no change is missed or repeated. ' +
      'A comment is sent every 15 seconds. ' +
      'An event `reset` says that the changes after the given id are not known; the stream continues with the next ' +
      'change. If its type is `/problems/position-lost`, events that were sent earlier were lost in a restore: `lost` ' +
      'names them, per `partition` those after the position `after` and up to `up_to`, and the stream continues after ' +
      'the last events that still hold. ' +
      'An event `problem` says why the stream ends; if it is temporary, the reader reconnects.',
    access: ['orders:read', 'orders:read:own'],
    acceptsTicket: true,
    query: 'stream',
    headers: ['Last-Event-ID'],
    responses: { 200: { description: 'The changes', content: { 'text/event-stream': 'text' } } },
    problems: ['validation', 'not-acceptable', 'read-models-unavailable'],
  },
  getOrder: {
    method: 'get',
    path: '/orders/{order_id}',
    tag: 'Queries',
    summary: 'An order: now, at a version, or at a time',
    access: ['orders:read', 'orders:read:own'],
    parameters: ['order_id'],
    query: 'order',
    headers: ['Min-Event-Position', 'If-None-Match'],
    responses: cached('The order', json('Order')),
    problems: [...everyQuery, 'order-not-found', 'order-version-not-found', 'unreadable-event'],
  },
  getOrderCommands: {
    method: 'get',
    path: '/orders/{order_id}/commands',
    tag: 'Queries',
    summary: 'The commands that the order allows now',
    description:
      'For buttons and menus. A command in the list can still be refused, because of its arguments or because ' +
      'the order has changed since; a refusal has a list of its own.',
    access: ['orders:read', 'orders:read:own'],
    parameters: ['order_id'],
    query: 'orderCommands',
    headers: ['Min-Event-Position', 'If-None-Match'],
    responses: cached('The commands', json('OrderCommands')),
    problems: [...everyQuery, 'order-not-found', 'unreadable-event'],
  },
  getOrderHistory: {
    method: 'get',
    path: '/orders/{order_id}/history',
    tag: 'Audit',
    summary: 'The events of an order: what happened, when, by whom and why',
    description:
      'JSON comes in pages: a page ends once its events are about 1 MiB long, and `next_after` is then the ' +
      'value of the parameter `after` for the next page. CSV is complete, unless `limit` is given.',
    access: ['orders:read', 'orders:read:own', 'audit:read'],
    parameters: ['order_id'],
    query: 'history',
    headers: ['Min-Event-Position', 'If-None-Match'],
    responses: {
      200: {
        description: 'The history, the changes between two versions, or a signed proof',
        content: { 'application/json': 'History', 'text/csv': 'text' },
        headers: ['ETag', 'Content-Disposition', 'Link'],
      },
      304: { description: 'The client has this response already' },
    },
    problems: [
      ...everyQuery,
      'order-not-found',
      'order-version-not-found',
      'no-signing-key',
      'event-log-unavailable',
      'unreadable-event',
    ],
  },
} as const satisfies Readonly<Record<string, Operation>>;
