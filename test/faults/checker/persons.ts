import type { Api } from './api.js';
import { dataOf, type OrderRun } from './orders.js';

/** The names in the events of orders: forgotten persons are sealed there, or unreadable. */
export function findNamesInLog(orders: readonly OrderRun[], names: readonly string[]): string[] {
  return orders.flatMap((order) =>
    order.events.flatMap((event) => {
      const text = `${event.data}\n${event.metadata}`;
      const found = names.filter((name) => text.includes(name) && dataOf(event).reason?.includes(name) !== true);
      return found.map(
        (name) => `event ${event.partition}:${event.position} of order ${order.id} has the name ${name}.`,
      );
    }),
  );
}

/** No look-up and no list leads from a forgotten name to an order. */
export async function findNamesInQueries(api: Api, names: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) {
    for (const path of [
      `/orders/lookup?q=${encodeURIComponent(name)}`,
      `/orders?user_id=${encodeURIComponent(name)}`,
    ]) {
      const { orders } = await api.get<{ orders: { order_id: string }[] }>(path);
      found.push(...orders.map((order) => `GET ${path} leads to order ${order.order_id}.`));
    }
  }
  return found;
}
