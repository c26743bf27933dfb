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

/** Erased orders whose texts are searched: each search is a request. */
const maxErased = 50;

/** The texts of an order of a forgotten person lead to other orders only (docs/privacy.md). */
export async function findErasedOrders(
  api: Api,
  orders: readonly OrderRun[],
  count: (what: string) => void,
): Promise<string[]> {
  const found: string[] = [];
  const erased = orders.filter(({ events }) => events.some(({ type }) => type === 'OrderPersonErased'));
  for (const order of erased.slice(-maxErased)) {
    for (const text of textsOf(order)) {
      for (const path of [`/orders/lookup?q=${text}`, `/orders?limit=200&reference=${text}`]) {
        count('searches for erased orders');
        const { orders: shown } = await api.get<{ orders: { order_id: string }[] }>(path);
        if (shown.some(({ order_id: id }) => id === order.id))
          found.push(`GET ${path} leads to order ${order.id}, whose person was forgotten.`);
      }
    }
  }
  return found;
}

/** The references of an order and of its payments, ready for a URL. */
function textsOf({ events }: OrderRun): Set<string> {
  const texts = events.map(dataOf).flatMap((data) => [data.reference, data.payment_reference]);
  return new Set(texts.flatMap((text) => (text ? [encodeURIComponent(text)] : [])));
}
