import { operatorStreamId } from '../event-log/operators/operator-events.js';
import { invalid, type Rejection, rejected } from '../orders/decisions/rejection.js';
import type { HandleCommand } from './command-outcome.js';
import { type CommandRequest, requestHash } from './command-request.js';
import { attempt, type CommandDeps, loadAndDecide } from './handle-command.js';
import { createOrderQueues } from './order-queues.js';
import { createPlaceOrders, type PlaceOrders } from './place-orders.js';

export interface CommandHandlers {
  readonly handleCommand: HandleCommand;
  readonly placeOrders: PlaceOrders;
}

export function createCommandHandlers(deps: CommandDeps): CommandHandlers {
  const inTurn = createOrderQueues();
  const loadFirst: HandleCommand = (request) => inTurn(request.orderId, () => loadAndDecide(deps, request));

  const handleCommand: HandleCommand = async (request) => {
    if (request.orderId === operatorStreamId) return { outcome: 'rejected', rejection: notAnOrder(request) };
    // A new order needs no look at a stream that most likely is not there: the append checks that it is not.
    if (request.command.command === 'place' && request.expectedVersion === undefined) {
      const placed = await attempt(deps, request, [], requestHash(request));
      if (placed) return placed;
    }
    return loadFirst(request);
  };
  return { handleCommand, placeOrders: createPlaceOrders(deps, handleCommand, loadFirst) };
}

function notAnOrder({ command }: CommandRequest): Rejection {
  return command.command === 'place'
    ? invalid('/order_id', 'is reserved for the service itself: choose another')
    : rejected('order-not-found', undefined, 'There is no order with this id.');
}
