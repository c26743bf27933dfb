import type { ReadKeys } from './projection.js';

/**
 * What a read model has of the orders that these events go on with: those placed before the first of the events. From the state
 * after the step before where it is there, otherwise read; in the new state are only the orders of these events.
 * @param remembered what is known of an order; undefined where nothing is.
 * @param entryOf where an order is stored. @param decode what is known of it, from its text. Rejects where an order is not there.
 */
export async function rememberedOrders<Known>(
  events: readonly { readonly event: { readonly orderId: string; readonly version: number } }[],
  remembered: (orderId: string) => Known | undefined,
  read: ReadKeys,
  entryOf: (orderId: string) => readonly [hash: string, field: string],
  decode: (orderId: string, text: string) => Known,
): Promise<Map<string, Known>> {
  const orders = new Map<string, Known>();
  const unknown: string[] = [];
  for (const orderId of existingOrders(events)) {
    const known = remembered(orderId);
    if (known === undefined) unknown.push(orderId);
    else orders.set(orderId, known);
  }
  if (unknown.length === 0) return orders;
  const texts = await read(unknown.map((orderId) => ['HGET', ...entryOf(orderId)]));
  for (const [index, orderId] of unknown.entries()) {
    const text = texts[index];
    if (typeof text !== 'string') throw new Error(`order ${orderId} has later events and is not there`);
    orders.set(orderId, decode(orderId, text));
  }
  return orders;
}

/** The orders among these events that were placed before the first of them. */
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
