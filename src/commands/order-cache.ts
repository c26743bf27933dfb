import type { Order } from '../orders/order.js';
import { commandLimits as limits } from './limits.js';
import type { OrderState } from './order-state.js';

/** Returns those of these persons who were forgotten. */
export type FindForgotten = (persons: readonly string[]) => Promise<readonly string[]>;

/**
 * Keeps the folded orders of long streams, those used last, up to a number of bytes. An order whose
 * personal data was sealed is dropped soon after its person is forgotten: a timer asks for
 * forgotten persons while such orders are kept.
 */
export class OrderCache {
  readonly #findForgotten: FindForgotten | undefined;
  readonly #maxBytes: number;
  /** The order that was used last is at the end. */
  readonly #kept = new Map<string, { readonly state: OrderState; readonly bytes: number }>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isAsking = false;

  /** @param findForgotten needed if personal data is sealed. */
  constructor(findForgotten?: FindForgotten, maxBytes: number = limits.maxCachedOrderBytes) {
    this.#findForgotten = findForgotten;
    this.#maxBytes = maxBytes;
  }

  /** The bytes of memory that the orders take, about. */
  get bytes(): number {
    return this.#bytes;
  }

  has(orderId: string): boolean {
    return this.#kept.has(orderId);
  }

  /** Removes an order and returns it. */
  take(orderId: string): OrderState | undefined {
    const kept = this.#kept.get(orderId);
    if (!kept) return undefined;
    this.#kept.delete(orderId);
    this.#bytes -= kept.bytes;
    return kept.state;
  }

  set(orderId: string, state: OrderState): void {
    this.take(orderId);
    const bytes = bytesOf(state);
    if (bytes > this.#maxBytes) return;
    this.#kept.set(orderId, { state, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.take(oldest);
    }
    if (state.person !== undefined) {
      this.#timer ??= setInterval(() => void this.dropForgotten(), limits.forgottenCheckIntervalMs).unref();
    }
  }

  /** Drops the orders of persons who were forgotten, or of all persons if nobody can be asked. */
  async dropForgotten(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const persons = new Set<string>();
    for (const { state } of this.#kept.values()) if (state.person !== undefined) persons.add(state.person);
    let forgotten: ReadonlySet<string> = persons;
    try {
      if (this.#findForgotten && persons.size > 0) forgotten = new Set(await this.#findForgotten([...persons]));
    } catch {
      // All of them are dropped. They are read again when they are needed.
    }
    for (const [orderId, { state }] of this.#kept) {
      if (state.person !== undefined && forgotten.has(state.person)) this.take(orderId);
    }
    this.#isAsking = false;
    if ([...this.#kept.values()].some(({ state }) => state.person !== undefined)) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Bytes of an object of V8 with some fields, and of a text beside its characters. */
const objectBytes = 100;
const textBytes = 24;

/** Estimates the memory of a state from the number of its parts and the lengths of its texts. */
function bytesOf({ order, keys }: OrderState): number {
  let bytes = objectBytes;
  for (const [key, events] of keys) bytes += textBytes + key.length + events.length * (3 * objectBytes);
  return order ? bytes + orderBytes(order) : bytes;
}

function orderBytes({ items, shipments, adjustments, metadata, userId, reference, lastPayment }: Order): number {
  let bytes = 5 * objectBytes + userId.length + (reference?.length ?? 0);
  for (const { itemId, lineId } of items) bytes += objectBytes + 2 * textBytes + itemId.length + lineId.length;
  for (const shipment of shipments) {
    bytes += 2 * objectBytes + (shipment.carrier?.length ?? 0) + (shipment.trackingNumber?.length ?? 0);
    bytes += shipment.items.length * objectBytes;
  }
  for (const { description } of adjustments) bytes += objectBytes + (description?.length ?? 0);
  for (const [name, value] of Object.entries(metadata)) bytes += 3 * textBytes + name.length + value.length;
  for (let payment = lastPayment; payment; payment = payment.previous) bytes += objectBytes + payment.reference.length;
  return bytes;
}
