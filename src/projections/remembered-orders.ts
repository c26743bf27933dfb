import type { ReadKeys } from './projection.js';

/**
 * Loads the entries of the orders that were placed before these events and that the events change.
 * An entry comes from the state after the previous step if it is there, otherwise from Redis. The
 * result holds no other orders. Rejects if the entry of an order does not exist.
 *
 * @param remembered gives an order's entry from the previous state; undefined if it is not there.
 * @param entryOf gives the hash and field of an order's entry.
 * @param decode decodes an order's entry.
 */
export async function rememberedOrders<Known>(
  events: readonly { readonly event: { readonly orderId: string; readonly version: number } }[],
  remembered: (orderId: string) => Known | undefined,
  read: ReadKeys,
  entryOf: (orderId: string) => readonly [hash: string, field: string],
  decode: (orderId: string, text: string) => Known,
): Promise<Map<string, Known>> {
  const orders = new Map<string, Known>();
  const missing: string[] = [];
  for (const orderId of existingOrders(events)) {
    const known = remembered(orderId);
    if (known === undefined) missing.push(orderId);
    else orders.set(orderId, known);
  }
  if (missing.length === 0) return orders;
  const texts = await read(missing.map((orderId) => ['HGET', ...entryOf(orderId)]));
  for (const [index, orderId] of missing.entries()) {
    const text = texts[index];
    if (typeof text !== 'string') throw new Error(`order ${orderId} has later events but no entry`);
    orders.set(orderId, decode(orderId, text));
  }
  return orders;
}

/** The orders of these events that were placed before the events. */
function existingOrders(
  events: readonly { readonly event: { readonly orderId: string; readonly version: number } }[],
): string[] {
  const seen = new Set<string>();
  const existing: string[] = [];
  for (const {
    event: { orderId, version },
  } of events) {
    if (seen.has(orderId)) continue;
    seen.add(orderId);
    if (version > 1) existing.push(orderId);
  }
  return existing;
}
