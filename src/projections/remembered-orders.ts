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
  entriesOf: (orderId: string) => readonly [entry: Entry] | readonly [entry: Entry, more: Entry],
  decode: (orderId: string, text: string, more: string | undefined) => Known,
): Promise<Map<string, Known>> {
  const orders = new Map<string, Known>();
  const missing: { readonly first: LoadedEvent; readonly at: number; readonly entries: number }[] = [];
  const wanted: Entry[] = [];
  for (const first of firstEvents(events)) {
    const { orderId } = first.event;
    const known = remembered(orderId);
    if (known !== undefined) {
      orders.set(orderId, known);
      continue;
    }
    const entries = entriesOf(orderId);
    missing.push({ first, at: wanted.length, entries: entries.length });
    wanted.push(...entries);
  }
  if (missing.length === 0) return orders;
  const texts = await read.fields(wanted);
  for (const { first, at, entries } of missing) {
    if (texts.length < at + entries) throw new StepTooLarge(first.stored.position);
    const { orderId } = first.event;
    const text = texts[at] ?? null;
    if (text === null) throw new Error(`order ${orderId} has later events but no entry`);
    orders.set(orderId, decode(orderId, text, entries > 1 ? (texts[at + 1] ?? undefined) : undefined));
  }
  return orders;
}

/** The first event of each order that was placed before these events. */
function firstEvents(events: readonly LoadedEvent[]): LoadedEvent[] {
  const seen = new Set<string>();
  const first: LoadedEvent[] = [];
  for (const one of events) {
    const { orderId, version } = one.event;
    if (seen.has(orderId)) continue;
    seen.add(orderId);
    if (version > 1) first.push(one);
  }
  return first;
}
