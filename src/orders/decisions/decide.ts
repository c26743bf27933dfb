import type { OrderCommand } from '../commands.js';
import { orderLimits } from '../limits.js';
import type { Order } from '../order.js';
import { isHoldable, isNearlyFull } from './allowed-commands.js';
import { closes, howToClose } from './closing.js';
import type { Decision, Events } from './decision.js';
import { cancel, credit, pay, refund } from './money-commands.js';
import { amend, place } from './place-and-amend.js';
import { forbidden, onHold, type Rejection, rejected } from './rejection.js';
import { comeBack, deliver, ship, track } from './unit-commands.js';

/**
 * Decides a command on the current order, which is undefined if it does not exist yet. Pure: the
 * arguments are the only input. A rejected command changes nothing.
 */
export function decide(command: OrderCommand, order: Order | undefined): Decision {
  if (!order) return decideFirst(command);
  if (order.version >= orderLimits.maxEventsPerOrder) return historyFull(order);
  const decision = decideOn(command, order);
  if (!isNearlyFull(order) || 'rejected' in decision || 'repeats' in decision) return decision;
  return decision.every((event) => closes(event, order)) ? decision : historyFull(order);
}

/** Decides a command on an order that does not exist. */
export function decideFirst(command: OrderCommand): Events {
  if (command.command === 'place') return place(command);
  return rejected('order-not-found', undefined, 'There is no order with this id.');
}

function decideOn(command: OrderCommand, order: Order): Decision {
  switch (command.command) {
    case 'place':
      return rejected('order-exists', order, 'An order with this id already exists.');
    case 'amend':
      return amend(command, order);
    case 'pay':
      return pay(command, order);
    case 'process':
      if (order.status !== 'pending') return forbidden(order, 'can be processed only while it is pending');
      if (order.onHold) return onHold(order);
      return [{ type: 'OrderProcessingStarted', data: {} }];
    case 'ship':
      return ship(command, order);
    case 'track':
      return track(command, order);
    case 'deliver':
      return deliver(command, order);
    case 'cancel':
      return cancel(command, order);
    case 'refund':
      return refund(command, order);
    case 'credit':
      return credit(command, order);
    case 'return':
      return comeBack(command, order);
    case 'hold':
      if (!isHoldable(order)) return forbidden(order, 'can be put on hold only before it is fully shipped');
      if (order.onHold) return forbidden(order, 'is already on hold');
      return [{ type: 'OrderHeld', data: { reason: command.reason } }];
    case 'release':
      if (!order.onHold) return forbidden(order, 'is not on hold');
      return [{ type: 'OrderReleased', data: { reason: command.reason } }];
    case 'note':
      return [{ type: 'OrderNoteAdded', data: { text: command.text } }];
  }
}

function historyFull(order: Order): Rejection {
  const { maxEventsPerOrder, reservedEvents } = orderLimits;
  const rule = `The last ${reservedEvents} of the ${maxEventsPerOrder} events of an order are kept to close it`;
  return rejected('order-history-full', order, `The order has ${order.version} events. ${rule}: ${howToClose}.`);
}
