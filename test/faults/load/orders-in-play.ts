import type { Random } from '../../support/random.js';

/** An order as a caller last saw it. */
export interface OrderInPlay {
  readonly id: string;
  status: string;
  balance: number;
}

/** Commands on an order get about this many calls before it makes room for a new one. */
const maxOrders = 60;

/** The newest orders get many calls at once: commands contend for their partitions. */
const hotOrders = 3;
const hotChance = 0.35;

/** The orders that callers share, so that they meet each other on some of them. */
export class OrdersInPlay {
  readonly #orders: OrderInPlay[] = [];

  pick(random: Random): OrderInPlay | undefined {
    if (this.#orders.length === 0) return undefined;
    return random.pick(random.chance(hotChance) ? this.#orders.slice(-hotOrders) : this.#orders);
  }

  /** Notes the order in a response, if it is one. */
  note(response: unknown): void {
    if (!isOrder(response)) return;
    const { order_id: id, status, balance } = response;
    const known = this.#orders.find((order) => order.id === id);
    if (known) Object.assign(known, { status, balance });
    else this.#orders.push({ id, status, balance });
    if (this.#orders.length > maxOrders) this.#orders.shift();
  }

  /** Forgets everything, after a restore that lost orders. */
  clear(): void {
    this.#orders.length = 0;
  }
}

/** A UUID of version 4 from the seed. */
export function uuidFrom(random: Random): string {
  const hex = Array.from({ length: 30 }, () => random.integer(0, 15).toString(16)).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-8${hex.slice(15, 18)}-${hex.slice(18)}`;
}

function isOrder(value: unknown): value is { order_id: string; status: string; balance: number } {
  return typeof value === 'object' && value !== null && 'order_id' in value && 'balance' in value && 'status' in value;
}
