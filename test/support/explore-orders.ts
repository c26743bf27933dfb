import type { OrderCommand } from '../../src/orders/commands.js';
import { allows } from '../../src/orders/decisions/allowed-commands.js';
import { decide } from '../../src/orders/decisions/decide.js';
import type { OrderEvent } from '../../src/orders/events.js';
import { evolve } from '../../src/orders/evolve.js';
import { orderLimits } from '../../src/orders/limits.js';
import type { Order } from '../../src/orders/order.js';
import { balanceMinor, leftToShip, type OrderStatus } from '../../src/orders/totals.js';
import { encodeOrder } from '../../src/read-models/encoding/encoded-order.js';

/** The bounds of an exploration. Without them, payments and shipments would never end. */
export interface Bounds {
  readonly maxStates: number;
  readonly maxPaidMinor?: number;
  readonly maxShipments?: number;
  /** The commands that are tried on every order; by default `triedCommands`. */
  readonly commands?: readonly OrderCommand[];
}

/** The result of an exploration. */
export interface Explored {
  readonly states: number;
  /** Whether a bound other than those of payments and shipments ended it. */
  readonly isComplete: boolean;
  /** The statuses that each command leads to, by the status before. */
  readonly transitions: ReadonlyMap<OrderStatus, ReadonlyMap<CommandName, ReadonlySet<OrderStatus>>>;
  /** Orders that no sequence of commands closes. */
  readonly deadEnds: readonly string[];
  /** Commands that were accepted, or rejected, against the list of allowed commands. */
  readonly contradictions: readonly string[];
}

type CommandName = OrderCommand['command'];

const at = '2026-01-01T00:00:00.000Z';
const reason = 'r';

/** The commands that are tried on every order, with amounts of one and three minor units. */
export const triedCommands: readonly OrderCommand[] = [
  { command: 'process' },
  { command: 'hold', reason },
  { command: 'release', reason },
  { command: 'note', text: 'n' },
  { command: 'ship' },
  { command: 'ship', items: [{ line_id: '1', quantity: 1 }] },
  { command: 'track', shipmentId: '1', trackingNumber: 'T' },
  { command: 'deliver' },
  { command: 'deliver', items: [{ line_id: '1', quantity: 1 }] },
  { command: 'deliver', shipmentId: '2' },
  { command: 'cancel', reason },
  { command: 'cancel', items: [{ line_id: '1', quantity: 1 }], reason },
  { command: 'cancel', items: [{ line_id: '1', quantity: 1 }], amount: '0', reason },
  { command: 'return', reason },
  { command: 'return', items: [{ line_id: '1', quantity: 1 }], reason },
  { command: 'return', from: 'transit', reason },
  { command: 'return', items: [{ line_id: '1', quantity: 1 }], from: 'delivered', shipAgain: true, reason },
  { command: 'return', items: [{ line_id: '1', quantity: 1 }], from: 'transit', shipAgain: true, reason },
  { command: 'return', shipmentId: '2', reason },
  { command: 'pay' },
  { command: 'pay', amount: 1 },
  { command: 'pay', amount: 3, alreadyReceived: true },
  { command: 'refund', reason },
  { command: 'refund', amount: 1, reason },
  { command: 'refund', amount: 1, payableAgain: true, reason },
  { command: 'credit', reason },
  { command: 'credit', amount: 1, reason },
  { command: 'amend', adjustments: [], reason },
  { command: 'amend', adjustments: [{ type: 'discount', amount: -1 }], reason },
  { command: 'amend', reference: '#1' },
];

/** A small order in yen: a line of this many units at 1 yen for each of the quantities. */
export function smallOrder(...quantities: number[]): Order {
  const decision = decide(
    {
      command: 'place',
      userId: 'u',
      currency: 'JPY',
      items: quantities.map((quantity, index) => ({ item_id: `item-${index}`, quantity, unit_price: 1 })),
    },
    undefined,
  );
  if (!('map' in decision)) throw new Error('the order was rejected');
  return after(undefined, decision);
}

/** Explores the orders that commands lead to, breadth first, each of them once. */
export function explore(starts: readonly Order[], bounds: Bounds): Explored {
  const { maxStates, maxPaidMinor = 4, maxShipments = 2, commands = triedCommands } = bounds;
  const transitions = new Map<OrderStatus, Map<CommandName, Set<OrderStatus>>>();
  const deadEnds: string[] = [];
  const contradictions: string[] = [];
  const known = new Map(starts.map((order) => [keyOf(order), order]));
  let visited = 0;
  // A map yields the entries that are added while it is read.
  for (const [key, order] of known) {
    if (visited === maxStates) break;
    visited += 1;
    if (!canBeClosed(order) || !canBeClosed(nearlyFull(order))) deadEnds.push(key);
    const accepted = new Set<CommandName>();
    for (const command of commands) {
      const decision = decide(command, order);
      if ('repeats' in decision) continue;
      if ('rejected' in decision) {
        if (decision.detail === '') contradictions.push(`${command.command} was rejected without a reason: ${key}`);
        continue;
      }
      accepted.add(command.command);
      const next = after(order, decision);
      add(transitions, order.status, command.command, next.status);
      if (next.paidMinor <= maxPaidMinor && next.shipments.length <= maxShipments) {
        const nextKey = keyOf(next);
        if (!known.has(nextKey)) known.set(nextKey, { ...next, version: 2 });
      }
    }
    for (const { command } of commands) {
      if (accepted.has(command) !== allows(command, order)) contradictions.push(`${command}: ${key}`);
    }
  }
  return { states: visited, isComplete: visited === known.size, transitions, deadEnds, contradictions };
}

/** The part of an order that its future depends on: all but its version and its times. */
function keyOf(order: Order): string {
  return encodeOrder({ ...order, version: 1, updatedAt: at, placedAt: at });
}

function after(order: Order | undefined, events: readonly OrderEvent[]): Order {
  let next = order;
  for (const event of events) {
    const envelope = { orderId: 'order', version: (next?.version ?? 0) + 1, occurredAt: at, recordedAt: at };
    next = evolve(next, { ...event, ...envelope });
  }
  if (!next) throw new Error('no event leads to an order');
  return next;
}

/** The order with only those events left that are kept to close it. */
function nearlyFull(order: Order): Order {
  return { ...order, version: orderLimits.maxEventsPerOrder - orderLimits.reservedEvents };
}

/** Closed: nothing is left to ship or in transit, and nobody owes anything. */
export function isClosed(order: Order): boolean {
  return leftToShip(order.units) === 0 && order.units.inTransit === 0 && balanceMinor(order) === 0;
}

/** Whether a few commands close the order: cancel the rest, deliver what is on its way, settle. */
function canBeClosed(order: Order): boolean {
  let now = order;
  for (let commands = 0; commands < orderLimits.reservedEvents && !isClosed(now); commands += 1) {
    const next = closingCommands(now)
      .map((command) => decide(command, now))
      .find((decision) => !('rejected' in decision));
    if (!next || 'rejected' in next || 'repeats' in next) return false;
    now = after(now, next);
  }
  const closed: OrderStatus[] = ['cancelled', 'delivered', 'partially_returned', 'returned'];
  return isClosed(now) && closed.includes(now.status);
}

function closingCommands(order: Order): OrderCommand[] {
  // Units without a price are cancelled for an amount.
  if (leftToShip(order.units) > 0)
    return [
      { command: 'cancel', reason },
      { command: 'cancel', amount: '0', reason },
    ];
  if (order.units.inTransit > 0) return [{ command: 'deliver' }];
  return balanceMinor(order) > 0 ? [{ command: 'pay' }] : [{ command: 'refund', reason }];
}

function add(
  transitions: Map<OrderStatus, Map<CommandName, Set<OrderStatus>>>,
  from: OrderStatus,
  command: CommandName,
  to: OrderStatus,
): void {
  const ofStatus = transitions.get(from) ?? new Map<CommandName, Set<OrderStatus>>();
  transitions.set(from, ofStatus);
  const ofCommand = ofStatus.get(command) ?? new Set<OrderStatus>();
  ofStatus.set(command, ofCommand);
  ofCommand.add(to);
}
