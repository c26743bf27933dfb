import type { LoadRequest } from './connection.js';

let placed = 0;

/** Bodies of POST /orders, each with another customer and other items. */
export function placeRequest(headers: Readonly<Record<string, string>> = {}): LoadRequest {
  placed += 1;
  const body = JSON.stringify({
    user_id: `user-${placed % 20_000}`,
    items: [
      { item_id: `item-${placed % 5_000}`, quantity: 1, unit_price: 19.99 },
      { item_id: `extra-${(placed * 7) % 5_000}`, quantity: 2, unit_price: 5 },
    ],
    total_amount: 29.99,
    metadata: { channel: 'web' },
  });
  return { method: 'POST', path: '/orders', headers, body };
}

export const respondAsync = { prefer: 'respond-async' };
