import { type EventData, type FoldedEvent, fold } from './fold.js';
import { isOrderEvent, type Log, type LogEvent } from './log.js';
import type { Operation } from './operations.js';
import { decide } from './rules.js';
import { isSameEvent, sealedFields } from './same-event.js';
import { copyState, type OrderState } from './state.js';

/** One order: its events, and what the run's calls said about it. */
export interface OrderRun {
  id: string;
  partition: number;
  events: LogEvent[];
  operations: Operation[];
}

/**
 * Groups events and operations by order. The order of an unanswered placing is found by its key. If
 * it has none, it is an order with its content that no other call has placed.
 */
export function groupByOrder(
  log: Log,
  operations: readonly Operation[],
  partitionOf: (id: string) => number,
): OrderRun[] {
  const orders = new Map<string, OrderRun>();
  const runOf = (id: string) => {
    const run = orders.get(id) ?? { id, partition: partitionOf(id), events: [], operations: [] };
    orders.set(id, run);
    return run;
  };
  const placedUnder = new Map<string, string>();
  for (const event of log.events) {
    if (!isOrderEvent(event)) continue;
    runOf(event.orderId).events.push(event);
    const key = keyOf(event);
    if (event.type === 'OrderPlaced' && key !== undefined) placedUnder.set(key, event.orderId);
  }
  for (const operation of operations) {
    if (operation.command === 'place' && operation.key !== undefined && operation.outcome !== 'done')
      operation.orderId = placedUnder.get(operation.key) ?? operation.orderId ?? '';
    if (operation.orderId) runOf(operation.orderId).operations.push(operation);
  }
  const unclaimed = new Set([...orders.values()].filter(isUnclaimed));
  for (const operation of operations) {
    if (operation.command !== 'place' || operation.outcome !== 'unknown') continue;
    if (operation.key !== undefined || operation.orderId !== undefined) continue;
    const decision = decide(undefined, 'place', operation.body);
    for (const run of unclaimed) {
      const [placed] = run.events;
      if (!placed || decision.outcome !== 'event') continue;
      if (!isSameEvent(undefined, placed.type, decision.data, dataOf(placed))) continue;
      operation.orderId = run.id;
      run.operations.push(operation);
      unclaimed.delete(run);
      break;
    }
  }
  return [...orders.values()];
}

/** Whether no call is known to have placed the order. */
function isUnclaimed({ events: [placed], operations }: OrderRun): boolean {
  if (!placed || keyOf(placed) !== undefined) return false;
  return !operations.some(({ command, outcome }) => command === 'place' && outcome !== 'rejected');
}

export function keyOf(event: LogEvent): string | undefined {
  return (JSON.parse(event.metadata) as { idempotency_key?: string }).idempotency_key;
}

export function dataOf(event: LogEvent): EventData {
  return JSON.parse(event.data) as EventData;
}

/**
 * The state of an order after each of its events. Sealed personal data is taken from the bodies of
 * the calls that sent it, so that responses can be compared with it.
 */
export function statesOf({ events, operations }: OrderRun): OrderState[] {
  const states: OrderState[] = [];
  let state: OrderState | undefined;
  for (const event of events) {
    const { orderId, version, type, occurredAt, recordedAt } = event;
    const folded: FoldedEvent = { orderId, version, type, data: opened(event, operations), occurredAt, recordedAt };
    state = fold(state, folded);
    states.push(copyState(state));
  }
  return states;
}

/** The events of orders as clients have to see them, by `partition:position`. */
export type ShownEvents = ReadonlyMap<string, ShownEvent>;

export interface ShownEvent {
  readonly event: LogEvent;
  readonly data: EventData;
  /** Fields that the log has only sealed, and no call tells; or that may be erased by now. */
  readonly unknown: readonly string[];
}

export function shownEvents(orders: readonly OrderRun[]): ShownEvents {
  const shown = new Map<string, ShownEvent>();
  for (const { events, operations } of orders) {
    const isErased = events.some((event) => event.type === 'OrderPersonErased');
    for (const event of events) {
      const data = opened(event, operations);
      const unknown = isErased || data.sealed !== undefined ? sealedFields : [];
      shown.set(`${event.partition}:${event.position}`, { event, data, unknown });
    }
  }
  return shown;
}

function opened(event: LogEvent, operations: readonly Operation[]): EventData {
  const data = dataOf(event);
  if (data.sealed === undefined) return data;
  const key = keyOf(event);
  const isDone = (one: Operation) => one.version === event.version && !one.replayed;
  const calls = operations.filter((one) => one.key === key);
  // A key that was used for two commands belongs to the one that was done.
  const origin = calls.findLast(isDone) ?? (key === undefined ? undefined : calls[0]);
  if (!origin) return data;
  const { sealed: _, ...plain } = data;
  const { user_id, metadata, tracking_number, text } = origin.body;
  const personal: Record<string, EventData> = {
    OrderPlaced: { user_id: user_id ?? '', metadata: metadata ?? {} },
    OrderAmended: metadata === undefined ? {} : { metadata },
    OrderShipped: { tracking_number: tracking_number ?? null },
    OrderShipmentTracked: { tracking_number: tracking_number ?? null },
    OrderNoteAdded: text === undefined ? {} : { text },
  };
  return { ...plain, ...personal[event.type] };
}
