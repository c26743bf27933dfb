import { operatorStreamId } from '../event-log/operators/operator-events.js';
import { invalid, type Rejection, rejected } from '../orders/decisions/rejection.js';
import type { HandleCommand } from './command-outcome.js';
import { type CommandRequest, requestHash } from './command-request.js';
import { type CommandDeps, decideAndAppend, loadAndDecide } from './handle-command.js';
import { createOrderQueues } from './order-queues.js';
import { createPlaceOrders, type PlaceOrders } from './place-orders.js';

export interface CommandHandlers {
  readonly handleCommand: HandleCommand;
  readonly placeOrders: PlaceOrders;
}

export function createCommandHandlers(deps: CommandDeps): CommandHandlers {
  const enqueue = createOrderQueues();
  const loadFirst: HandleCommand = (request) => enqueue(request.orderId, () => loadAndDecide(deps, request));

  const handleCommand: HandleCommand = async (request) => {
    if (request.orderId === operatorStreamId) return { outcome: 'rejected', rejection: notAnOrder(request) };
    // Placing an order skips its stream, which most likely does not exist: the append checks that.
    if (request.command.command === 'place' && request.expectedVersion === undefined) {
      const placed = await decideAndAppend(deps, request, [], requestHash(request));
      if (placed) return placed;
    }
    return loadFirst(request);
  };
  return { handleCommand, placeOrders: createPlaceOrders(deps, handleCommand, loadFirst) };
}

function notAnOrder({ command }: CommandRequest): Rejection {
  return command.command === 'place'
    ? invalid('/order_id', 'is reserved for the service; choose another id')
    : rejected('order-not-found', undefined, 'There is no order with this id.');
}
