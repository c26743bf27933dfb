import type pg from 'pg';

/**
 * A fold of the log that shares no code with the service; tests compare the read models with it. It
 * is written from the contract, deliberately in another way: it keeps counters in BigInt and
 * derives everything else at the end.
 */
interface FoldedOrder {
  id: string;
  user: string;
  currency: string;
  total: bigint;
  paid: bigint;
  refunded: bigint;
  ordered: Map<string, number>;
  prices: Map<string, number | null>;
  shipped: Map<string, number>;
  returned: Map<string, number>;
  flags: Set<'processing' | 'delivered' | 'cancelled' | 'held'>;
  metadata: Record<string, string>;
  placedAt: string;
  updatedAt: string;
  version: number;
}

interface Row {
  order_id: string;
  version: number;
  type: string;
  /** The fields of all types of events; each has its own of them. */
  data: {
    items: Lines;
    amount_minor: number;
    total_minor: number;
    user_id: string;
    currency: string;
    metadata: Record<string, string>;
  };
  occurred_at: Date;
  recorded_at: Date;
}

export async function foldLog(client: pg.Client): Promise<Map<string, FoldedOrder>> {
  const { rows } = await client.query<Row>(
    `select order_id, version, type, data, occurred_at, recorded_at from events
     where order_id <> '00000000-0000-8000-8000-6f7065726174' order by order_id, version`,
  );
  const orders = new Map<string, FoldedOrder>();
  for (const row of rows) foldRow(orders, row);
  return orders;
}

type Lines = { item_id: string; quantity: number; unit_price_minor?: number | null }[];

function foldRow(orders: Map<string, FoldedOrder>, row: Row): void {
  const { data } = row;
  if (row.type === 'OrderPlaced') {
    orders.set(row.order_id, {
      id: row.order_id,
      user: data.user_id,
      currency: data.currency,
      total: BigInt(data.total_minor),
      paid: 0n,
      refunded: 0n,
      ordered: new Map(data.items.map((item) => [item.item_id, item.quantity])),
      prices: new Map(data.items.map((item) => [item.item_id, item.unit_price_minor ?? null])),
      shipped: new Map(),
      returned: new Map(),
      flags: new Set(),
      metadata: data.metadata,
      placedAt: row.occurred_at.toISOString(),
      updatedAt: row.recorded_at.toISOString(),
      version: 1,
    });
    return;
  }
  const order = orders.get(row.order_id);
  if (!order || row.version !== order.version + 1)
    throw new Error(`the stream of ${row.order_id} has a gap at ${row.version}`);
  order.version = row.version;
  order.updatedAt = row.recorded_at.toISOString();
  const count = (into: Map<string, number>) => {
    for (const { item_id, quantity } of data.items) into.set(item_id, (into.get(item_id) ?? 0) + quantity);
  };
  if (row.type === 'OrderPaid') order.paid += BigInt(data.amount_minor);
  if (row.type === 'OrderRefunded') order.refunded += BigInt(data.amount_minor);
  if (row.type === 'OrderShipped') count(order.shipped);
  if (row.type === 'OrderReturned') count(order.returned);
  if (row.type === 'OrderProcessingStarted') order.flags.add('processing');
  if (row.type === 'OrderDelivered') order.flags.add('delivered');
  if (row.type === 'OrderCancelled') order.flags.add('cancelled');
  if (row.type === 'OrderHeld') order.flags.add('held');
  if (row.type === 'OrderReleased') order.flags.delete('held');
  if (row.type === 'OrderAmended') {
    order.total = BigInt(data.total_minor);
    order.ordered = new Map(data.items.map((item) => [item.item_id, item.quantity]));
    order.prices = new Map(data.items.map((item) => [item.item_id, item.unit_price_minor ?? null]));
  }
}

const sum = (counts: Map<string, number>) => [...counts.values()].reduce((total, one) => total + one, 0);

export function statusOf(order: FoldedOrder): string {
  const [ordered, shipped, returned] = [sum(order.ordered), sum(order.shipped), sum(order.returned)];
  if (order.flags.has('cancelled')) return 'cancelled';
  if (shipped === 0) return order.flags.has('processing') ? 'processing' : 'pending';
  if (shipped < ordered) return 'partially_shipped';
  if (returned > 0) return returned === shipped ? 'returned' : 'partially_returned';
  return order.flags.has('delivered') ? 'delivered' : 'shipped';
}

/** The order as the API has to show it. Only for currencies of two decimals. */
export function expectedDocument(order: FoldedOrder): object {
  const major = (minor: bigint | number) => Number(minor) / 100;
  const status = statusOf(order);
  const payment =
    order.refunded > 0n
      ? order.refunded === order.paid
        ? 'refunded'
        : 'partially_refunded'
      : order.paid === order.total
        ? 'paid'
        : order.paid > 0n
          ? 'partially_paid'
          : 'unpaid';
  return {
    order_id: order.id,
    user_id: order.user,
    status,
    payment_status: payment,
    on_hold: order.flags.has('held') && ['pending', 'processing', 'partially_shipped'].includes(status),
    items: [...order.ordered].map(([item_id, quantity]) => ({
      item_id,
      quantity,
      ...(order.prices.get(item_id) == null ? {} : { unit_price: major(order.prices.get(item_id) ?? 0) }),
      shipped: order.shipped.get(item_id) ?? 0,
      returned: order.returned.get(item_id) ?? 0,
    })),
    item_ids: [...order.ordered.keys()],
    total_amount: major(order.total),
    currency: order.currency,
    paid_amount: major(order.paid),
    refunded_amount: major(order.refunded),
    metadata: order.metadata,
    placed_at: order.placedAt,
    updated_at: order.updatedAt,
    version: order.version,
  };
}

/** The figures of one currency, in minor units. */
export function expectedFigures(orders: Iterable<FoldedOrder>, currency: string) {
  const figures = {
    total_orders: 0,
    units: 0,
    gross: 0n,
    cancelled: 0n,
    refunded: 0n,
    paid: 0n,
    by_status: {} as Record<string, number>,
  };
  for (const order of orders) {
    if (order.currency !== currency) continue;
    const status = statusOf(order);
    figures.total_orders += 1;
    figures.units += sum(order.ordered);
    figures.gross += order.total;
    figures.paid += order.paid;
    if (status === 'cancelled') figures.cancelled += order.total;
    else figures.refunded += order.refunded;
    figures.by_status[status] = (figures.by_status[status] ?? 0) + 1;
  }
  return figures;
}
