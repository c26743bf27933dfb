import type { Api } from './api.js';
import { dataOf, type OrderRun } from './orders.js';
import type { OrderState } from './state.js';
import { differences, viewOf } from './view.js';

type Json = Record<string, unknown>;

interface HistoryPage {
  events: (Json & { version: number; position: number; hash: string; type: string })[];
  next_after: number | null;
}

/** Pages of a list until there is no further one, by `path` with its parameters. */
async function readList(api: Api, path: string): Promise<Json[]> {
  const orders: Json[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { orders: Json[]; next_cursor: string | null } = await api.get(
      `${path}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    orders.push(...page.orders);
    cursor = page.next_cursor;
  }
  return orders;
}

/** The list of all orders is the fold of the log: each order once, newest first, and no other. */
export async function checkList(api: Api, states: ReadonlyMap<string, OrderState>): Promise<string[]> {
  const anomalies: string[] = [];
  const listed = await readList(api, '/orders?limit=200');
  const seen = new Set<string>();
  let before = '9999';
  for (const order of listed) {
    const id = String(order.order_id);
    if (seen.has(id)) anomalies.push(`the list has order ${id} twice.`);
    seen.add(id);
    const placedAt = String(order.placed_at);
    if (placedAt > before) anomalies.push(`the list has order ${id} of ${placedAt} after one of ${before}.`);
    before = placedAt;
    const state = states.get(id);
    anomalies.push(
      ...(state ? compareOrder(state, order, 'the list') : [`the list has order ${id}, which the log lacks.`]),
    );
  }
  for (const [id, state] of states)
    if (!seen.has(id)) anomalies.push(`the list lacks order ${id}, which the log has in version ${state.version}.`);
  return anomalies;
}

export function compareOrder(state: OrderState, order: Json, source: string): string[] {
  const found = differences(viewOf(state), order);
  return found.map((difference) => `order ${state.id}, version ${state.version}: in ${source} ${difference}.`);
}

/** The history of an order is what the log has; amounts, hashes and positions included. */
export async function checkHistory(api: Api, order: OrderRun, state: OrderState): Promise<string[]> {
  const events: HistoryPage['events'] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page: HistoryPage = await api.get(`/orders/${order.id}/history${after === 0 ? '' : `?after=${after}`}`);
    events.push(...page.events);
    after = page.next_after;
  }
  return compareHistory(order, state, events);
}

export function compareHistory(order: OrderRun, state: OrderState, events: HistoryPage['events']): string[] {
  const anomalies: string[] = [];
  if (events.length !== order.events.length)
    anomalies.push(`the history of order ${order.id} has ${events.length} events, the log ${order.events.length}.`);
  order.events.forEach((event, nth) => {
    const shown = events[nth];
    if (!shown) return;
    const data = dataOf(event);
    const expected: Json = {
      version: event.version,
      type: event.type,
      position: event.position,
      hash: event.hash.toString('hex'),
      occurred_at: event.occurredAt,
      recorded_at: event.recordedAt,
      // Forgetting changes what is shown of plain data, too.
      ...(data.sealed === undefined && !state.erased ? { data } : {}),
    };
    const actual = Object.fromEntries(Object.keys(expected).map((field) => [field, shown[field]]));
    const found = differences(expected, actual);
    anomalies.push(
      ...found.map((text) => `order ${order.id}: in its history, at ${event.partition}:${event.position}, ${text}.`),
    );
  });
  return anomalies;
}
