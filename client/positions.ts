/** Orders whose positions are remembered. The one written longest ago is forgotten first. */
const maxOrders = 10_000;

/**
 * Remembers the Event-Positions of this client's writes, so that its queries see them: reads of an
 * order wait for its last event, and other queries for the last write of all. A list may lack an
 * earlier write to another partition. Pass one object to several clients if they should see each
 * other's writes.
 */
export class Positions {
  readonly #byOrder = new Map<string, string>();
  #last: string | undefined;

  /** @param position the response header Event-Position, such as `5:120`. */
  note(orderId: string | undefined, position: string): void {
    const known = orderId === undefined ? undefined : this.#byOrder.get(orderId);
    // The responses of two commands may arrive in any order, and a replayed one names an old event.
    if (known !== undefined && isLater(known, position)) return;
    this.#last = position;
    if (orderId === undefined) return;
    this.#byOrder.delete(orderId);
    this.#byOrder.set(orderId, position);
    const [oldest] = this.#byOrder.keys();
    if (this.#byOrder.size > maxOrders && oldest !== undefined) this.#byOrder.delete(oldest);
  }

  /** The value of Min-Event-Position for a query, if it has to wait for anything. */
  for(orderId: string | undefined): string | undefined {
    return orderId === undefined ? this.#last : this.#byOrder.get(orderId);
  }

  /** Forgets everything: a restore of the log has lost a position. */
  clear(): void {
    this.#byOrder.clear();
    this.#last = undefined;
  }
}

/** Whether the first of two positions of a partition is later. False if their epochs differ. */
function isLater(one: string, other: string): boolean {
  const [[first, epoch], [second, otherEpoch]] = [one.split('@'), other.split('@')];
  const number = (position = '') => Number(position.split(':')[1]);
  return epoch === otherEpoch && number(first) > number(second);
}
