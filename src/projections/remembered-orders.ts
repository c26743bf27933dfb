import { type ReadKeys, StepTooLarge } from './projection.js';

/** The part of a projected event that loading needs. */
interface LoadedEvent {
  readonly stored: { readonly position: number };
  readonly event: { readonly orderId: string; readonly version: number };
}

/**
 * Loads the entries of the orders that were placed before these events and that the events change.
 * An entry comes from the state after the previous step if it is there, otherwise from Redis. The
 * result holds no other orders. Rejects if the entry of an order does not exist, and with
 * StepTooLarge.
 *
 * @param remembered gives an order's entry from the previous state; undefined if it is not there.
 * @param entryOf gives the hash and field of an order's entry.
 * @param decode decodes an order's entry.
 */
export async function rememberedOrders<Known>(
  events: readonly LoadedEvent[],
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
  const texts = await read.fields(missing.map(entryOf));
  for (const [index, orderId] of missing.entries()) {
    const text = texts[index];
    if (text === undefined) throw tooLarge(events, orderId);
    if (text === null) throw new Error(`order ${orderId} has later events but no entry`);
    orders.set(orderId, decode(orderId, text));
  }
  return orders;
}

/** @param orderId the first order whose entry exceeds the limit of bytes. */
function tooLarge(events: readonly LoadedEvent[], orderId: string): StepTooLarge {
  const first = events.find(({ event }) => event.orderId === orderId);
  return new StepTooLarge(first?.stored.position ?? 0);
}

/** The orders of these events that were placed before the events. */
function existingOrders(events: readonly LoadedEvent[]): string[] {
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
