import { type ReadKeys, StepTooLarge } from './projection.js';

/** The part of a projected event that loading needs. */
interface LoadedEvent {
  readonly stored: { readonly position: number };
  readonly event: { readonly orderId: string; readonly version: number };
}

type Entry = readonly [hash: string, field: string];

/**
 * Loads the entries of the orders that were placed before these events and that the events change.
 * An entry comes from the state after the previous step if it is there, otherwise from Redis. The
 * result holds no other orders. Rejects if the entry of an order does not exist, and with
 * StepTooLarge.
 *
 * @param remembered gives an order's entry from the previous state; undefined if it is not there.
 * @param entriesOf gives the hash and field of an order's entry, and of a second one if the order
 *   may have it and the events need it.
 * @param decode decodes an order's entry. `more` is the second one, undefined if there is none.
 */
export async function rememberedOrders<Known>(
  events: readonly LoadedEvent[],
  remembered: (orderId: string) => Known | undefined,
  read: ReadKeys,
  entriesOf: (orderId: string) => readonly [entry: Entry, more?: Entry],
  decode: (orderId: string, text: string, more: string | undefined) => Known,
): Promise<Map<string, Known>> {
  const orders = new Map<string, Known>();
  const missing: { readonly orderId: string; readonly at: number; readonly entries: number }[] = [];
  const wanted: Entry[] = [];
  for (const orderId of existingOrders(events)) {
    const known = remembered(orderId);
    if (known !== undefined) {
      orders.set(orderId, known);
      continue;
    }
    const entries = entriesOf(orderId);
    missing.push({ orderId, at: wanted.length, entries: entries.length });
    for (const entry of entries) if (entry) wanted.push(entry);
  }
  if (missing.length === 0) return orders;
  const texts = await read.fields(wanted);
  for (const { orderId, at, entries } of missing) {
    if (texts.length < at + entries) throw tooLarge(events, orderId);
    const text = texts[at] ?? null;
    if (text === null) throw new Error(`order ${orderId} has later events but no entry`);
    orders.set(orderId, decode(orderId, text, entries > 1 ? (texts[at + 1] ?? undefined) : undefined));
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
