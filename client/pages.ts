import type { OrdersClient } from './orders-client.js';
import type { components, operations } from './schema.js';

type Schemas = components['schemas'];
export type Order = Schemas['Order'];
export type HistoryEvent = Schemas['HistoryEvent'];
type ListQuery = NonNullable<operations['listOrders']['parameters']['query']>;

/** A response that is a problem. `problem` is its body (RFC 9457). */
export class ProblemResponse extends Error {
  override readonly name = 'ProblemResponse';
  readonly problem: Schemas['Problem'];

  constructor(problem: Schemas['Problem']) {
    super(`${problem.status} ${problem.title}: ${problem.detail ?? ''}`);
    this.problem = problem;
  }
}

/** Returns the data of a response, or throws ProblemResponse. */
export function dataOf<Data>(result: { data?: Data; error?: unknown }): Data {
  if (result.error !== undefined) throw new ProblemResponse(result.error as Schemas['Problem']);
  return result.data as Data;
}

/**
 * Yields all orders that match a query of `GET /orders`, page by page, newest first. Throws
 * ProblemResponse.
 */
export async function* allOrders(
  client: OrdersClient,
  query: Omit<ListQuery, 'cursor' | 'sort'> = {},
): AsyncGenerator<Order> {
  let cursor: string | null | undefined;
  do {
    const page = dataOf(
      await client.GET('/orders', { params: { query: { ...query, ...(cursor ? { cursor } : {}) } } }),
    );
    yield* page.orders;
    cursor = page.next_cursor;
  } while (cursor !== null);
}

/** Orders that changed, and the cursor after them. */
export interface UpdatedOrders {
  readonly orders: readonly Order[];
  /** Keep it: the next synchronisation begins here. */
  readonly cursor: string;
}

/**
 * Yields the orders that changed, oldest change first, until there are no more for now. No change
 * is missed between two synchronisations if the last cursor of one begins the next. Needs the scope
 * `orders:read`. Throws ProblemResponse.
 * @param start `{ cursor }` of the last synchronisation, or `{ updated_since }`; `{}` for all.
 */
export async function* updatedOrders(
  client: OrdersClient,
  start: { readonly cursor?: string; readonly updated_since?: string } = {},
): AsyncGenerator<UpdatedOrders> {
  let query: ListQuery = { ...start };
  for (;;) {
    const page = dataOf(await client.GET('/orders', { params: { query: { ...query, sort: 'updated' } } }));
    const cursor = page.next_cursor ?? '';
    yield { orders: page.orders, cursor };
    if (cursor === query.cursor) return;
    query = { cursor };
  }
}

/** Yields the events of an order, oldest first, page by page. Throws ProblemResponse. */
export async function* allEvents(client: OrdersClient, orderId: string): AsyncGenerator<HistoryEvent> {
  let after: number | null = 0;
  do {
    const history: Schemas['History'] = dataOf(
      await client.GET('/orders/{order_id}/history', {
        params: { path: { order_id: orderId }, query: { after } },
      }),
    );
    if (!('next_after' in history)) return;
    yield* history.events;
    after = history.next_after;
  } while (after !== null);
}
