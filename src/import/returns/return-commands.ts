/** A command that follows `place`. */
export type Command = Readonly<Record<string, unknown>>;

/** The time of what has no time in the file, by `--set occurred_at=now`. It follows all others. */
export const now = '~now';

export function at(time: string): { readonly occurred_at?: string } {
  return time === now ? {} : { occurred_at: time };
}

/** Units that came back and money that was given back, at one time. */
export interface OrderReturn {
  readonly time: string;
  /** Tells the return from the others of its order, in idempotency keys. */
  readonly id: string;
  /** Empty if only money was given back. */
  readonly items: readonly ReturnedUnits[];
  /**
   * The money that was given back. Undefined if the file has no price and no total of the return:
   * then it is what the units cost in the order.
   */
  readonly amount: string | undefined;
  readonly reason: string;
}

export type ReturnedUnits = { readonly quantity: number } & (
  | { readonly item_id: string | undefined }
  | { readonly line_id: string }
);

/** The commands of a return: units that come back, and the money for them. */
export function returnCommands(
  order: { readonly id: string; readonly key: string },
  { time, id, items, amount, reason }: OrderReturn,
): Command[] {
  const common = { order_id: order.id, reason, ...at(time) };
  const found: Command[] = [];
  if (items.length > 0)
    found.push({ command: 'return', idempotency_key: `${order.key}/return/${id}`, items, ...common });
  const refund = { command: 'refund', idempotency_key: `${order.key}/refund/${id}`, ...common };
  if (amount === undefined) found.push({ ...refund, items });
  else if (amount !== '0') found.push({ ...refund, amount });
  return found;
}
