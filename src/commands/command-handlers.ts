import { operatorStreamId } from '../event-log/operators/operator-events.js';
import { invalid, type Rejection, rejected } from '../orders/decisions/rejection.js';
import type { HandleCommand } from './command-outcome.js';
import { type CommandRequest, requestHash } from './command-request.js';
import { type CommandDeps, decideAndAppend, loadAndDecide } from './handle-command.js';
import { createWithOrder } from './load-order.js';
import { derivedOrderId } from './order-ids.js';
import { createOrderQueues } from './order-queues.js';
import { noOrder } from './order-state.js';
import { createPlaceOrders, type PlaceOrders } from './place-orders.js';
import { createPlaceUnderKey } from './place-under-key.js';

export interface CommandHandlers {
  readonly handleCommand: HandleCommand;
  readonly placeOrders: PlaceOrders;
}

export function createCommandHandlers(deps: CommandDeps): CommandHandlers {
  const enqueue = createOrderQueues();
  const withOrder = createWithOrder(deps.readStream, deps.orderCache);
  const loadFirst: HandleCommand = async (request) => {
    const outcome = await enqueue(request.orderId, () => loadAndDecide(deps, withOrder, request));
    return outcome.outcome === 'key-reserved' ? handleReserved(request) : outcome;
  };
  const handleDirectly: HandleCommand = async (request) => {
    // Placing an order skips its stream, which most likely does not exist: the append checks that.
    if (request.command.command === 'place' && request.expectedVersions === undefined) {
      const placed = await decideAndAppend(deps, request, noOrder, requestHash(request));
      if (placed && !('repeats' in placed)) return placed;
    }
    return loadFirst(request);
  };
  const { placeReserving, placeReserved } = createPlaceUnderKey(deps, loadFirst);
  /** Handles a command whose order id names the stream of a key's reservations. */
  const handleReserved: HandleCommand = async (request) =>
    isIdOfItsKey(request) ? placeReserved(request) : { outcome: 'rejected', rejection: notAnOrder(request) };

  const handleCommand: HandleCommand = (request) => {
    if (request.orderId === operatorStreamId)
      return Promise.resolve({ outcome: 'rejected', rejection: notAnOrder(request) });
    return request.reservesKey && !isIdOfItsKey(request) ? placeReserving(request) : handleDirectly(request);
  };
  const confirmed = confirming(deps);
  const handleConfirmed = confirmed(handleCommand);
  return {
    handleCommand: handleConfirmed,
    placeOrders: createPlaceOrders(deps, handleConfirmed, confirmed(loadFirst)),
  };
}

/**
 * Wraps a handler so that no command is rejected by a log that a restore has put in place of the
 * known one: its orders may be missing there, or be as they were before.
 */
function confirming({ confirmLog }: CommandDeps): (handle: HandleCommand) => HandleCommand {
  if (!confirmLog) return (handle) => handle;
  return (handle) => async (request) => {
    const outcome = await handle(request);
    if (outcome.outcome !== 'handled') await confirmLog();
    return outcome;
  };
}

/** Whether the order's id is the one that is derived from the Idempotency-Key. */
function isIdOfItsKey({ command, actor, idempotencyKey, orderId }: CommandRequest): boolean {
  if (command.command !== 'place' || idempotencyKey === undefined) return false;
  return orderId === derivedOrderId(actor, idempotencyKey);
}

function notAnOrder({ command }: CommandRequest): Rejection {
  return command.command === 'place'
    ? invalid('/order_id', 'is reserved for the service; choose another id')
    : rejected('order-not-found', undefined, 'There is no order with this id.');
}
