import { type CommandName, commandNames } from '../commands.js';
import { type Order, unitCounts } from '../order.js';

/**
 * Returns the commands that the order's current state allows with at least some arguments. A
 * rejected caller receives this list.
 */
export function allowedCommands(order: Order): CommandName[] {
  return commandNames.filter((name) => allows(name, order));
}

/** Whether the order's status, hold and amounts permit a command; `decide` checks its arguments. */
export function allows(command: CommandName, order: Order): boolean {
  switch (command) {
    case 'place':
      return false;
    case 'amend':
      return order.status === 'pending';
    case 'pay':
      return order.status !== 'cancelled' && order.paidMinor < order.totalMinor;
    case 'process':
      return order.status === 'pending' && !order.onHold;
    case 'ship':
      return shippable(order) && !order.onHold;
    case 'deliver':
      return order.status === 'shipped';
    case 'cancel':
      return cancellable(order);
    case 'refund':
      return order.refundedMinor < order.paidMinor;
    case 'return':
      return returnable(order);
    case 'hold':
      return holdable(order) && !order.onHold;
    case 'release':
      return order.onHold;
    case 'note':
      return true;
  }
}

export function shippable(order: Order): boolean {
  return order.status === 'processing' || order.status === 'partially_shipped';
}

/** Whether nothing has been shipped and the order is not cancelled. */
export function cancellable(order: Order): boolean {
  return order.status === 'pending' || order.status === 'processing';
}

/** Whether units are still to ship: a hold blocks those. */
export function holdable(order: Order): boolean {
  return order.status === 'pending' || shippable(order);
}

export function returnable(order: Order): boolean {
  const { shipped, returned } = unitCounts(order.items);
  return returned < shipped;
}
