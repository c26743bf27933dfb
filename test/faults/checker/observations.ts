import { type EventPosition, type NumberedCall, parsePosition } from './operations.js';

/** One order in a response: which version of it a caller saw, and when. */
export interface Observation {
  /** "call 17 (GET /orders/…)": for messages. */
  name: string;
  /** The read model that it came from, or the log: responses to commands. */
  source: 'order-status' | 'order-history' | 'log';
  orderId: string;
  /** 0: the response said that there is no such order. */
  version: number;
  startedAt: number;
  endedAt: number;
  minPosition?: EventPosition;
  /** The order as it was shown. */
  order?: Record<string, unknown>;
  /** The events of a page of a history, if it begins with the first. */
  events?: Record<string, unknown>[];
}

type Json = Record<string, unknown>;

/** The orders that all responses showed. */
export function observationsOf(calls: readonly NumberedCall[]): Observation[] {
  return calls.flatMap((call) => {
    const seen = seenIn(call);
    const minPosition = parsePosition(call.minPosition);
    return seen.map((one) => ({
      name: `call ${call.number} (${call.method} ${call.path})`,
      startedAt: call.startedAt,
      endedAt: call.at,
      ...(minPosition ? { minPosition } : {}),
      ...one,
    }));
  });
}

type Seen = Pick<Observation, 'source' | 'orderId' | 'version' | 'order' | 'events'>;

function seenIn({ method, path, status, response }: NumberedCall): Seen[] {
  const [route = '', query = ''] = path.split('?');
  const [, orderId, part] = /^\/orders\/([0-9a-f-]{36})(?:\/([a-z]+))?$/.exec(route) ?? [];
  const body = (response ?? {}) as Json & { orders?: Json[]; events?: Json[] };
  if (method === 'POST') return status < 300 && typeof body.placed_at === 'string' ? [orderSeen('log', body)] : [];
  if (status === 404 && orderId !== undefined) {
    if (body.type !== '/problems/order-not-found') return [];
    // A history may be older than the order, but an order that was shown has one.
    const sources = part === undefined ? (['order-status'] as const) : (['order-status', 'order-history'] as const);
    return sources.map((source) => ({ source, orderId, version: 0 }));
  }
  // Parameters choose an earlier version, or another form of the response.
  if (status !== 200 || (orderId !== undefined && query !== '')) return [];
  if (orderId !== undefined && part === undefined) return [orderSeen('order-status', body)];
  if (orderId !== undefined && part === 'history' && body.events && body.next_after === null)
    return [{ source: 'order-history', orderId, version: body.events.length, events: body.events }];
  const isList = route === '/orders' || route === '/orders/lookup';
  return isList && body.orders ? body.orders.map((order) => orderSeen('order-status', order)) : [];
}

function orderSeen(source: Observation['source'], { matched_by: _, ...order }: Json): Seen {
  return { source, orderId: String(order.order_id), version: Number(order.version), order };
}
