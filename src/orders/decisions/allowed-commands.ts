import { type CommandName, commandNames } from '../commands.js';
import { type Order, unitCounts } from '../order.js';

/** The commands that the order as it stands allows, with some arguments at least. What a refused caller is told. */
export function allowedCommands(order: Order): CommandName[] {
  return commandNames.filter((name) => allows(name, order));
}

/** Whether the order's status, hold and amounts leave room for a command. `decide` then checks its arguments. */
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

/** Nothing shipped yet, and not cancelled already. */
export function cancellable(order: Order): boolean {
  return order.status === 'pending' || order.status === 'processing';
}

/** Not wholly shipped yet: a hold stops what is still to ship. */
export function holdable(order: Order): boolean {
  return order.status === 'pending' || shippable(order);
}

export function returnable(order: Order): boolean {
  const { shipped, returned } = unitCounts(order.items);
  return returned < shipped;
}
