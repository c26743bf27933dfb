/**
 * What a read model has of the orders that these events go on with: those placed before the first of the events. From the state
 * after the step before where it is there, otherwise read; in the new state are only the orders of these events.
 * @param remembered what is known of an order; undefined where nothing is.
 * @param read what is stored of these orders, in their order.
 */
export async function rememberedOrders<Known>(
  events: readonly { readonly event: { readonly orderId: string; readonly version: number } }[],
  remembered: ((orderId: string) => Known | undefined) | undefined,
  read: (orderIds: readonly string[]) => Promise<Known[]>,
): Promise<Map<string, Known>> {
  const orders = new Map<string, Known>();
  const unknown: string[] = [];
  for (const orderId of existingOrders(events)) {
    const known = remembered?.(orderId);
    if (known === undefined) unknown.push(orderId);
    else orders.set(orderId, known);
  }
  if (unknown.length === 0) return orders;
  for (const [index, known] of (await read(unknown)).entries()) orders.set(unknown[index] ?? '', known);
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
