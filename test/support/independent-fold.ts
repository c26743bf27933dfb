import type pg from 'pg';

/**
 * A fold of the log that shares no code with the service; tests compare the read models with it. It
 * is written from the contract, deliberately in another way: it follows each single unit of an
 * order from the shop to the customer and back, keeps money in BigInt, and derives everything else
 * at the end.
 */
export interface FoldedOrder {
  id: string;
  user: string;
  reference: string | null;
  /** The references of its payments. */
  payments: Set<string>;
  currency: string;
  lines: Line[];
  units: Unit[];
  parcels: Parcel[];
  adjustments: { type: string; amount_minor: number; description?: string }[];
  total: bigint;
  /** The amounts that came off the total, by cause. */
  off: { cancelled: bigint; refunded: bigint; credited: bigint };
  /** Payments, then refunds. */
  moved: { in: bigint; out: bigint };
  marks: Set<'processed' | 'held' | 'refund lowered the worth' | 'cancelled by schema 1'>;
  times: { lastShipped?: number; lastDelivered?: number; toShipped?: number; toDelivered?: number };
  /** The changes of the amounts, each with the day of its event. */
  flows: { day: string; changes: bigint[] }[];
  metadata: Record<string, string>;
  placedAt: string;
  updatedAt: string;
  version: number;
}

interface Line {
  id: string;
  item: string;
  quantity: number;
  price: number | null;
}

interface Unit {
  line: Line;
  at: 'shop' | 'cancelled' | 'road' | 'customer' | 'back';
  arrived: boolean;
  parcel: number;
}

interface Parcel {
  carrier: string | null;
  tracking: string | null;
  shippedAt: string;
  lastArrival: string | null;
  content: { line: Line; quantity: number }[];
}

interface MovedLine {
  line_id?: string;
  item_id: string;
  quantity: number;
  unit_price_minor: number | null;
  unit_price_micro?: number;
  in_transit?: number;
}

/** An event, as the log holds it. */
export interface Row {
  order_id: string;
  version: number;
  type: string;
  /** The fields of all types of events; each has its own of them. */
  data: {
    items?: MovedLine[] | null;
    amount_minor: number;
    payment_reference?: string | null;
    credited_minor?: number;
    total_minor?: number;
    user_id: string;
    currency: string;
    reference?: string;
    metadata?: Record<string, string>;
    adjustments?: FoldedOrder['adjustments'];
    shipment_id?: string | null;
    carrier: string | null;
    tracking_number: string | null;
    ship_again?: true;
  };
  metadata: { schema: number };
  occurred_at: Date;
  recorded_at: Date;
}

export async function foldLog(client: pg.Client): Promise<Map<string, FoldedOrder>> {
  const { rows } = await client.query<Row>(
    `select order_id, version, type, data, metadata, occurred_at, recorded_at from events
     where order_id <> '00000000-0000-8000-8000-6f7065726174' and type <> 'PlaceKeyReserved'
     order by order_id, version`,
  );
  return foldRows(rows);
}

/** Folds the events of any orders, each order's in the order of their versions. */
export function foldRows(rows: Iterable<Row>): Map<string, FoldedOrder> {
  const orders = new Map<string, FoldedOrder>();
  for (const row of rows) {
    const before = amountsOf(orders.get(row.order_id));
    foldRow(orders, row);
    const order = orders.get(row.order_id);
    const changes = amountsOf(order).map((amount, nth) => amount - (before[nth] ?? 0n));
    if (changes.some((change) => change !== 0n))
      order?.flows.push({ day: row.occurred_at.toISOString().slice(0, 10), changes });
  }
  return orders;
}

/** Orders, units, gross, cancelled, refunded, credited, paid, given back. */
function amountsOf(order: FoldedOrder | undefined): bigint[] {
  if (!order) return new Array<bigint>(8).fill(0n);
  const { off, moved } = order;
  return [1n, BigInt(order.units.length), order.total, off.cancelled, off.refunded, off.credited, moved.in, moved.out];
}

/** The changes of each day, of the orders of one currency. */
export function expectedFlows(orders: Iterable<FoldedOrder>, currency: string): Map<string, bigint[]> {
  const days = new Map<string, bigint[]>();
  for (const order of orders) {
    if (order.currency !== currency) continue;
    for (const { day, changes } of order.flows) {
      const sums = days.get(day) ?? [];
      days.set(
        day,
        changes.map((change, nth) => change + (sums[nth] ?? 0n)),
      );
    }
  }
  return days;
}

/** Minor units of one unit of the currencies that tests use. */
const minorUnits: Readonly<Record<string, number>> = { USD: 100, JPY: 1, KWD: 1_000 };

function minorUnitsOf(currency: string): number {
  const units = minorUnits[currency];
  if (units === undefined) throw new Error(`the minor units of ${currency} are not in this file`);
  return units;
}

function linesOf(items: readonly MovedLine[], currency: string): Line[] {
  return items.map((item, nth) => {
    const fine = item.unit_price_micro === undefined ? null : item.unit_price_micro / 1e6;
    const price = item.unit_price_minor === null ? fine : item.unit_price_minor / minorUnitsOf(currency);
    return { id: item.line_id ?? `${nth + 1}`, item: item.item_id, quantity: item.quantity, price };
  });
}

function unitsOf(lines: readonly Line[]): Unit[] {
  return lines.flatMap((line) =>
    Array.from({ length: line.quantity }, (): Unit => ({ line, at: 'shop', arrived: false, parcel: 0 })),
  );
}

function foldRow(orders: Map<string, FoldedOrder>, row: Row): void {
  const { data, type } = row;
  if (type === 'OrderPlaced') {
    const lines = linesOf(data.items ?? [], data.currency);
    orders.set(row.order_id, {
      ...{ id: row.order_id, user: data.user_id, reference: data.reference ?? null, currency: data.currency },
      payments: new Set(),
      flows: [],
      ...{ lines, units: unitsOf(lines), parcels: [], adjustments: data.adjustments ?? [] },
      total: BigInt(data.total_minor ?? 0),
      off: { cancelled: 0n, refunded: 0n, credited: 0n },
      moved: { in: 0n, out: 0n },
      marks: new Set(),
      times: {},
      metadata: data.metadata ?? {},
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
  if (type === 'OrderAmended') amend(order, data);
  if (type === 'OrderPaid') {
    order.moved.in += BigInt(data.amount_minor);
    if (data.payment_reference) order.payments.add(data.payment_reference);
  }
  if (type === 'OrderRefunded') refund(order, data.amount_minor, data.credited_minor ?? data.amount_minor);
  if (type === 'OrderCredited') order.off.credited += BigInt(data.amount_minor);
  if (type === 'OrderProcessingStarted') order.marks.add('processed');
  if (type === 'OrderHeld') order.marks.add('held');
  if (type === 'OrderReleased') order.marks.delete('held');
  if (type === 'OrderShipped') ship(order, row);
  if (type === 'OrderShipmentTracked') {
    const parcel = order.parcels[Number(data.shipment_id) - 1];
    if (!parcel) throw new Error(`${row.order_id} has no parcel ${data.shipment_id}`);
    parcel.carrier = data.carrier ?? parcel.carrier;
    parcel.tracking = data.tracking_number ?? parcel.tracking;
  }
  if (type === 'OrderDelivered') deliver(order, row);
  if (type === 'OrderCancelled') cancel(order, row);
  if (type === 'OrderReturned') comeBack(order, row);
  time(order);
}

function amend(order: FoldedOrder, data: Row['data']): void {
  order.reference = data.reference ?? order.reference;
  order.metadata = data.metadata ?? order.metadata;
  if (data.total_minor === undefined) return;
  order.total = BigInt(data.total_minor);
  order.adjustments = data.adjustments ?? [];
  order.lines = data.items ? linesOf(data.items, order.currency) : order.lines;
  order.units = unitsOf(order.lines);
  order.off.cancelled = 0n;
}

function refund(order: FoldedOrder, amount: number, lowering: number): void {
  order.moved.out += BigInt(amount);
  if (lowering > 0) order.marks.add('refund lowered the worth');
  if (statusOf(order) !== 'cancelled') order.off.refunded += BigInt(lowering);
}

/** Moves a number of units of each line, those of the oldest parcels first. */
function move(
  order: FoldedOrder,
  items: readonly MovedLine[],
  isThere: (unit: Unit) => boolean,
  to: (unit: Unit) => void,
  count = (item: MovedLine) => item.quantity,
): void {
  for (const item of items) {
    const ofLine = (unit: Unit) =>
      item.line_id === undefined ? unit.line.item === item.item_id : unit.line.id === item.line_id;
    const there = order.units.filter((unit) => ofLine(unit) && isThere(unit)).sort((a, b) => a.parcel - b.parcel);
    const wanted = count(item);
    if (there.length < wanted)
      throw new Error(`${order.id}: ${wanted} units of ${item.item_id}, ${there.length} there`);
    for (const unit of there.slice(0, wanted)) to(unit);
  }
}

function ship(order: FoldedOrder, { data, metadata, occurred_at }: Row): void {
  const items = data.items ?? [];
  // Schema 1 records no delivery after something came back.
  const arrives = metadata.schema === 1 && order.units.some(({ at }) => at === 'back');
  const parcel = order.parcels.length + 1;
  const content = new Map<Line, number>();
  move(
    order,
    items,
    ({ at }) => at === 'shop',
    (unit) => {
      Object.assign(unit, { at: arrives ? 'customer' : 'road', arrived: arrives, parcel });
      content.set(unit.line, (content.get(unit.line) ?? 0) + 1);
    },
  );
  order.parcels.push({
    carrier: data.carrier,
    tracking: data.tracking_number,
    shippedAt: occurred_at.toISOString(),
    lastArrival: null,
    content: [...content].map(([line, quantity]) => ({ line, quantity })),
  });
  order.times.lastShipped = occurred_at.getTime();
}

function deliver(order: FoldedOrder, { data, occurred_at }: Row): void {
  const arrive = (unit: Unit) => {
    Object.assign(unit, { at: 'customer', arrived: true });
    const parcel = order.parcels[unit.parcel - 1];
    if (parcel) parcel.lastArrival = occurred_at.toISOString();
  };
  const inParcel = (unit: Unit) => data.shipment_id == null || unit.parcel === Number(data.shipment_id);
  const onRoad = (unit: Unit) => unit.at === 'road' && inParcel(unit);
  if (data.items) move(order, data.items, onRoad, arrive);
  else for (const unit of order.units.filter(onRoad)) arrive(unit);
  order.times.lastDelivered = occurred_at.getTime();
}

function cancel(order: FoldedOrder, { data, metadata }: Row): void {
  const inShop = ({ at }: Unit) => at === 'shop';
  const gone = (unit: Unit) => {
    unit.at = 'cancelled';
  };
  if (data.items) move(order, data.items, inShop, gone);
  else for (const unit of order.units.filter(inShop)) gone(unit);
  if (order.units.every(({ at }) => at === 'cancelled')) {
    order.off = { cancelled: order.total, refunded: 0n, credited: 0n };
    if (metadata.schema === 1) order.marks.add('cancelled by schema 1');
  } else {
    order.off.cancelled += BigInt(data.amount_minor);
  }
}

function comeBack(order: FoldedOrder, { data, metadata }: Row): void {
  const items = data.items ?? [];
  const back = (unit: Unit) => {
    if (data.ship_again) Object.assign(unit, { at: 'shop', arrived: false, parcel: 0 });
    else unit.at = 'back';
  };
  const inParcel = (unit: Unit) => data.shipment_id == null || unit.parcel === Number(data.shipment_id);
  if (metadata.schema === 1) {
    move(order, items, ({ at }) => at === 'road' || at === 'customer', back);
    for (const unit of order.units.filter(({ at }) => at === 'road'))
      Object.assign(unit, { at: 'customer', arrived: true });
    return;
  }
  const onRoad = (unit: Unit) => unit.at === 'road' && inParcel(unit);
  const there = (unit: Unit) => unit.at === 'customer' && inParcel(unit);
  move(order, items, onRoad, back, ({ in_transit = 0 }) => in_transit);
  move(order, items, there, back, ({ quantity, in_transit = 0 }) => quantity - in_transit);
}

/** An order is timed once, when nothing of it is left to ship or on the road. */
function time(order: FoldedOrder): void {
  const { times, units } = order;
  const has = (at: Unit['at']) => units.some((unit) => unit.at === at);
  const placed = Date.parse(order.placedAt);
  if (has('shop') || !(has('road') || has('customer') || has('back'))) return;
  if (times.lastShipped !== undefined) times.toShipped ??= Math.max(0, times.lastShipped - placed);
  if (has('road') || !units.some(({ arrived }) => arrived)) return;
  if (times.lastDelivered !== undefined) times.toDelivered ??= Math.max(0, times.lastDelivered - placed);
}

export function statusOf({ units, marks }: FoldedOrder): string {
  const at = new Set(units.map((unit) => unit.at));
  const only = (...places: Unit['at'][]) => [...at].every((place) => places.includes(place));
  if (only('cancelled')) return 'cancelled';
  if (only('cancelled', 'shop')) return marks.has('processed') ? 'processing' : 'pending';
  if (at.has('shop')) return 'partially_shipped';
  if (only('cancelled', 'back')) return 'returned';
  if (at.has('road')) return 'shipped';
  return at.has('back') ? 'partially_returned' : 'delivered';
}

function paymentOf(order: FoldedOrder, worth: bigint): string {
  const { in: paid, out } = order.moved;
  if (paid === 0n) return order.total === 0n ? 'paid' : 'unpaid';
  if (out === paid) return 'refunded';
  const isShort = paid - out < (order.marks.has('cancelled by schema 1') ? order.total : worth);
  if (isShort) return out > 0n ? 'partially_refunded' : 'partially_paid';
  return order.marks.has('refund lowered the worth') ? 'partially_refunded' : 'paid';
}

/** The order as the API has to show it. */
export function expectedDocument(order: FoldedOrder): object {
  const major = (minor: bigint | number) => Number(minor) / minorUnitsOf(order.currency);
  const { off, moved } = order;
  const worth = order.total - off.cancelled - off.refunded - off.credited;
  const count = (line: Line, isCounted: (unit: Unit) => boolean) =>
    order.units.filter((unit) => unit.line === line && isCounted(unit)).length;
  return {
    order_id: order.id,
    reference: order.reference,
    user_id: order.user,
    status: statusOf(order),
    payment_status: paymentOf(order, worth),
    on_hold: order.marks.has('held') && order.units.some(({ at }) => at === 'shop'),
    items: order.lines.map((line) => ({
      line_id: line.id,
      item_id: line.item,
      quantity: line.quantity,
      ...(line.price === null ? {} : { unit_price: line.price }),
      cancelled: count(line, ({ at }) => at === 'cancelled'),
      shipped: count(line, ({ at }) => at !== 'cancelled' && at !== 'shop'),
      delivered: count(line, ({ arrived }) => arrived),
      returned: count(line, ({ at }) => at === 'back'),
    })),
    item_ids: [...new Set(order.lines.map(({ item }) => item))],
    adjustments: order.adjustments.map(({ amount_minor, ...rest }) => ({ ...rest, amount: major(amount_minor) })),
    total_amount: major(order.total),
    currency: order.currency,
    cancelled_amount: major(off.cancelled),
    credited_amount: major(off.refunded + off.credited),
    paid_amount: major(moved.in),
    refunded_amount: major(moved.out),
    balance: major(worth - (moved.in - moved.out)),
    shipments: order.parcels.map((parcel, nth) => ({
      shipment_id: `${nth + 1}`,
      items: parcel.content.map(({ line, quantity }) => ({ line_id: line.id, item_id: line.item, quantity })),
      carrier: parcel.carrier,
      tracking_number: parcel.tracking,
      shipped_at: parcel.shippedAt,
      delivered_at: order.units.some((unit) => unit.at === 'road' && unit.parcel === nth + 1)
        ? null
        : parcel.lastArrival,
    })),
    metadata: order.metadata,
    placed_at: order.placedAt,
    updated_at: order.updatedAt,
    version: order.version,
  };
}

/** By each text that finds orders, the orders with the fields that equal it. */
export function expectedLookups(orders: Iterable<FoldedOrder>): Map<string, Map<string, Set<string>>> {
  const found = new Map<string, Map<string, Set<string>>>();
  const add = (text: string | null, order: FoldedOrder, field: string) => {
    if (text === null) return;
    const ofText = found.get(text) ?? new Map<string, Set<string>>();
    found.set(text, ofText.set(order.id, (ofText.get(order.id) ?? new Set()).add(field)));
  };
  for (const order of orders) {
    add(order.id, order, 'order_id');
    add(order.reference, order, 'reference');
    add(order.user, order, 'user_id');
    for (const payment of order.payments) add(payment, order, 'payment_reference');
    for (const { tracking } of order.parcels) add(tracking, order, 'tracking_number');
  }
  return found;
}

/** The figures of one currency: money in minor units, times in milliseconds. */
export function expectedFigures(orders: Iterable<FoldedOrder>, currency: string) {
  const figures = {
    ...{ total_orders: 0, units: 0, gross: 0n, cancelled: 0n, refunded: 0n, credited: 0n, paid: 0n, given_back: 0n },
    by_status: {} as Record<string, number>,
    toShipped: [] as number[],
    toDelivered: [] as number[],
  };
  for (const order of orders) {
    if (order.currency !== currency) continue;
    const status = statusOf(order);
    figures.total_orders += 1;
    figures.units += order.units.length;
    figures.gross += order.total;
    figures.cancelled += order.off.cancelled;
    figures.refunded += order.off.refunded;
    figures.credited += order.off.credited;
    figures.paid += order.moved.in;
    figures.given_back += order.moved.out;
    figures.by_status[status] = (figures.by_status[status] ?? 0) + 1;
    if (order.times.toShipped !== undefined) figures.toShipped.push(order.times.toShipped);
    if (order.times.toDelivered !== undefined) figures.toDelivered.push(order.times.toDelivered);
  }
  return figures;
}
