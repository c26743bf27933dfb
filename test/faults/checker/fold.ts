import { decimalsOf } from './amounts.js';
import { type Adjustment, type Line, type OrderState, type Shipment, toShip } from './state.js';

/** Units of one line in an event. */
export interface EventItem {
  item_id: string;
  quantity: number;
  line_id?: string;
  in_transit?: number;
}

export interface EventLine {
  item_id: string;
  quantity: number;
  unit_price_minor: number | null;
  unit_price_micro?: number;
  line_id?: string;
}

/** The fields of all types of events, in their highest schema version (docs/events.md). */
export interface EventData {
  user_id?: string;
  currency?: string;
  total_minor?: number;
  items?: (EventItem & EventLine)[] | null;
  metadata?: Record<string, string>;
  reference?: string;
  adjustments?: { type: string; amount_minor: number; description?: string }[];
  amount_minor?: number | null;
  credited_minor?: number;
  payment_reference?: string | null;
  already_received?: true;
  shipment_id?: string | null;
  carrier?: string | null;
  tracking_number?: string | null;
  ship_again?: true;
  reason?: string | null;
  text?: string;
  /** Present if the personal fields are encrypted. */
  sealed?: string;
}

export interface FoldedEvent {
  orderId: string;
  version: number;
  type: string;
  data: EventData;
  occurredAt: string;
  recordedAt: string;
}

/** Changes `state` by an event. The first event of a stream makes the state. */
export function fold(state: OrderState | undefined, event: FoldedEvent): OrderState {
  const next = event.type === 'OrderPlaced' ? placed(event) : changed(state, event);
  next.version = event.version;
  next.updatedAt = event.recordedAt;
  // A hold ends when nothing is left to ship.
  if (next.lines.every((line) => toShip(line) === 0)) next.held = false;
  return next;
}

function placed({ orderId, data, occurredAt }: FoldedEvent): OrderState {
  return {
    id: orderId,
    userId: data.user_id ?? null,
    currency: data.currency ?? '',
    reference: data.reference ?? null,
    lines: linesOf(data.items ?? [], data.currency ?? ''),
    adjustments: adjustmentsOf(data.adjustments),
    total: BigInt(data.total_minor ?? 0),
    cancelled: 0n,
    credited: 0n,
    paid: 0n,
    refunded: 0n,
    refundLowered: false,
    creditedByRefunds: 0n,
    processing: false,
    held: false,
    erased: false,
    shipments: [],
    payments: [],
    metadata: data.sealed === undefined ? (data.metadata ?? {}) : null,
    placedAt: occurredAt,
    updatedAt: occurredAt,
    version: 0,
  };
}

function changed(state: OrderState | undefined, { type, data, occurredAt }: FoldedEvent): OrderState {
  if (!state) throw new Error(`${type} is the first event`);
  const effect = effects[type];
  if (!effect) throw new Error(`the checker does not know the type ${type}`);
  effect(state, data, occurredAt);
  return state;
}

const effects: Record<string, (state: OrderState, data: EventData, at: string) => void> = {
  OrderAmended(state, data) {
    if (data.items) state.lines = linesOf(data.items, state.currency);
    if (data.total_minor !== undefined) {
      state.total = BigInt(data.total_minor);
      state.adjustments = adjustmentsOf(data.adjustments);
      state.cancelled = 0n;
      for (const line of state.lines) line.cancelled = 0;
    }
    if (data.reference !== undefined) state.reference = data.reference;
    if (data.metadata) state.metadata = data.metadata;
    else if (data.sealed !== undefined) state.metadata = null;
  },
  OrderPaid(state, data) {
    const amount = BigInt(data.amount_minor ?? 0);
    state.paid += amount;
    state.payments.push({ reference: data.payment_reference ?? null, amount });
  },
  OrderProcessingStarted(state) {
    state.processing = true;
  },
  OrderShipped(state, data, at) {
    const shipment: Shipment = {
      id: data.shipment_id ?? '',
      items: [],
      carrier: data.carrier ?? null,
      tracking: data.sealed === undefined ? (data.tracking_number ?? null) : undefined,
      shippedAt: at,
      lastArrival: null,
    };
    for (const item of data.items ?? []) {
      const line = lineOf(state, item);
      line.shipped += item.quantity;
      line.inTransit += item.quantity;
      shipment.items.push({ line, quantity: item.quantity, inTransit: item.quantity, arrived: 0 });
    }
    state.shipments.push(shipment);
  },
  OrderShipmentTracked(state, data) {
    const shipment = state.shipments.find((one) => one.id === data.shipment_id);
    if (!shipment) throw new Error(`there is no shipment ${data.shipment_id}`);
    if (data.carrier != null) shipment.carrier = data.carrier;
    if (data.sealed !== undefined) shipment.tracking = undefined;
    else if (data.tracking_number != null) shipment.tracking = data.tracking_number;
  },
  OrderDelivered(state, data, at) {
    const items =
      data.items ?? state.lines.map((line) => ({ line_id: line.lineId, item_id: '', quantity: line.inTransit }));
    for (const item of items) {
      const line = lineOf(state, item);
      for (const [shipment, quantity] of take(state, line, data.shipment_id ?? null, item.quantity, 'inTransit')) {
        contentOf(shipment, line).arrived += quantity;
        shipment.lastArrival = at;
      }
      line.inTransit -= item.quantity;
      line.delivered += item.quantity;
    }
  },
  OrderCancelled(state, data) {
    const items =
      data.items ?? state.lines.map((line) => ({ line_id: line.lineId, item_id: '', quantity: toShip(line) }));
    for (const item of items) lineOf(state, item).cancelled += item.quantity;
    state.cancelled += BigInt(data.amount_minor ?? 0);
    if (state.lines.some((line) => line.cancelled < line.quantity)) return;
    state.cancelled = state.total;
    state.credited = 0n;
    state.creditedByRefunds = 0n;
  },
  OrderRefunded(state, data) {
    const lowered = BigInt(data.credited_minor ?? 0);
    state.refunded += BigInt(data.amount_minor ?? 0);
    state.credited += lowered;
    state.creditedByRefunds += lowered;
    if (lowered > 0n) state.refundLowered = true;
    state.payments = [];
  },
  OrderCredited(state, data) {
    state.credited += BigInt(data.amount_minor ?? 0);
  },
  OrderReturned(state, data) {
    for (const item of data.items ?? []) {
      const line = lineOf(state, item);
      const inTransit = item.in_transit ?? 0;
      const arrived = item.quantity - inTransit;
      take(state, line, data.shipment_id ?? null, inTransit, 'inTransit');
      take(state, line, data.shipment_id ?? null, arrived, 'arrived');
      line.inTransit -= inTransit;
      if (data.ship_again) {
        line.shipped -= item.quantity;
        line.delivered -= arrived;
      } else line.returned += item.quantity;
    }
  },
  OrderHeld(state) {
    state.held = true;
  },
  OrderReleased(state) {
    state.held = false;
  },
  OrderNoteAdded() {},
  OrderPersonErased(state) {
    state.erased = true;
    state.userId = '[erased]';
    state.metadata = {};
    for (const shipment of state.shipments) if (shipment.tracking !== null) shipment.tracking = '[erased]';
  },
};

/** Takes units of a line from one shipment, or from the oldest ones that have any. */
function take(
  state: OrderState,
  line: Line,
  shipmentId: string | null,
  quantity: number,
  from: 'inTransit' | 'arrived',
): [Shipment, number][] {
  const taken: [Shipment, number][] = [];
  let left = quantity;
  for (const shipment of state.shipments) {
    if (shipmentId !== null && shipment.id !== shipmentId) continue;
    for (const item of shipment.items) {
      const units = item.line === line ? Math.min(left, item[from]) : 0;
      if (units === 0) continue;
      item[from] -= units;
      left -= units;
      taken.push([shipment, units]);
    }
  }
  if (left > 0) throw new Error(`the order has too few units of line ${line.lineId}`);
  return taken;
}

function contentOf(shipment: Shipment, line: Line) {
  const found = shipment.items.find((item) => item.line === line);
  if (!found) throw new Error(`shipment ${shipment.id} has no line ${line.lineId}`);
  return found;
}

function lineOf(state: OrderState, item: EventItem): Line {
  const found = state.lines.find((line) => line.lineId === item.line_id);
  if (!found) throw new Error(`there is no line ${item.line_id}`);
  return found;
}

function linesOf(items: readonly EventLine[], currency: string): Line[] {
  const micros = 10n ** BigInt(6 - decimalsOf(currency));
  return items.map((item, nth) => ({
    lineId: item.line_id ?? String(nth + 1),
    itemId: item.item_id,
    quantity: item.quantity,
    price:
      item.unit_price_micro !== undefined
        ? BigInt(item.unit_price_micro)
        : item.unit_price_minor === null
          ? null
          : BigInt(item.unit_price_minor) * micros,
    cancelled: 0,
    shipped: 0,
    delivered: 0,
    returned: 0,
    inTransit: 0,
  }));
}

function adjustmentsOf(adjustments: EventData['adjustments']): Adjustment[] {
  return (adjustments ?? []).map(({ type, amount_minor, description }) => ({
    type,
    amount: BigInt(amount_minor),
    ...(description === undefined ? {} : { description }),
  }));
}
