import { type CommandName, commandNames } from '../commands.js';
import { orderLimits } from '../limits.js';
import type { Order } from '../order.js';
import { balanceMinor, keptMinor, leftToShip } from '../totals.js';

/**
 * Returns the commands that the order's current state allows with at least some arguments. A
 * rejected caller receives this list.
 */
export function allowedCommands(order: Order): CommandName[] {
  return commandNames.filter((name) => allows(name, order));
}

/** Whether the order's state permits a command; `decide` checks its arguments. */
export function allows(command: CommandName, order: Order): boolean {
  if (order.version >= orderLimits.maxEventsPerOrder) return false;
  return isNearlyFull(order) ? canClose(command, order) : canChange(command, order);
}

/** Whether the order has only events left that are kept for commands that close it. */
export function isNearlyFull({ version }: Order): boolean {
  return version >= orderLimits.maxEventsPerOrder - orderLimits.reservedEvents;
}

function canChange(command: CommandName, order: Order): boolean {
  switch (command) {
    case 'place':
      return false;
    case 'process':
      return order.status === 'pending' && !order.onHold;
    case 'ship':
      return isShippable(order) && !order.onHold && shippedItems(order) < orderLimits.maxShippedItems;
    case 'track':
      return order.shipments.length > 0;
    case 'refund':
      return keptMinor(order) > 0;
    case 'hold':
      return isHoldable(order) && !order.onHold;
    case 'release':
      return order.onHold;
    case 'pay':
      // Money that has arrived is recorded even if less or nothing is due.
      return order.paidMinor < orderLimits.maxAmountMinor;
    case 'amend':
    case 'note':
      return true;
    case 'deliver':
    case 'cancel':
    case 'credit':
    case 'return':
      return canClose(command, order);
  }
}

/** Whether a command can bring the order nearer to its end. */
function canClose(command: CommandName, order: Order): boolean {
  const { units } = order;
  switch (command) {
    case 'cancel':
      return leftToShip(units) > 0;
    case 'deliver':
      return units.inTransit > 0;
    case 'return':
      return units.returned < units.shipped;
    case 'pay':
    case 'credit':
      return balanceMinor(order) > 0;
    case 'refund':
      return balanceMinor(order) < 0;
    default:
      return false;
  }
}

export function isShippable({ status }: Order): boolean {
  return status === 'processing' || status === 'partially_shipped';
}

/** The number of items of all shipments. */
export function shippedItems({ shipments }: Order): number {
  return shipments.reduce((sum, { items }) => sum + items.length, 0);
}

/** Whether items and money may change: nothing was shipped, and the order is not cancelled. */
export function isAmendable({ units, status }: Order): boolean {
  return units.shipped === 0 && status !== 'cancelled';
}

/** Whether units are still to ship: a hold blocks those. */
export function isHoldable({ units }: Order): boolean {
  return leftToShip(units) > 0;
}
