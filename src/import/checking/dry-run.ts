import type { CommandHandlers } from '../../commands/command-handlers.js';
import type { CommandOutcome } from '../../commands/command-outcome.js';
import type { CommandRequest } from '../../commands/command-request.js';
import { decide } from '../../orders/decisions/decide.js';
import { rejectTooEarly } from '../../orders/decisions/occurred-at.js';
import { fold } from '../../orders/evolve.js';
import type { Order } from '../../orders/order.js';
import { utcTime } from '../../orders/values/utc-time.js';
import { importLimits as limits } from '../limits.js';

/**
 * Handles commands without a log: each is decided, and nothing is appended. A command on an order
 * that the file has placed is decided on that order. For any other order only the command's form
 * is checked, since its state is in the log.
 */
export function dryRunHandlers(): CommandHandlers {
  /** The orders that were placed last. A command follows its order closely. */
  const orders = new Map<string, Order>();

  const handle = (request: CommandRequest): CommandOutcome => {
    const { orderId, command } = request;
    const before = orders.get(orderId);
    if (!before && command.command !== 'place') return handled(placeholder(request));
    const decision = decide(command, before);
    if ('rejected' in decision) return { outcome: 'rejected', rejection: decision };
    if ('repeats' in decision) return handled(before ?? placeholder(request));
    const occurredAt = request.occurredAt ?? utcTime(Date.now());
    const tooEarly = rejectTooEarly(decision, before, occurredAt);
    if (tooEarly) return { outcome: 'rejected', rejection: tooEarly };
    const version = before?.version ?? 0;
    const events = decision.map((event, nth) => ({
      ...event,
      orderId,
      version: version + nth + 1,
      occurredAt,
      recordedAt: occurredAt,
    }));
    const order = fold(events, before);
    if (!order) throw new Error('a command was accepted but produced no event');
    orders.delete(orderId);
    orders.set(orderId, order);
    if (orders.size > limits.maxDryRunOrders)
      for (const oldest of orders.keys()) {
        orders.delete(oldest);
        break;
      }
    return handled(order);
  };

  return {
    handleCommand: async (request) => handle(request),
    placeOrders: async (requests) =>
      requests.map((request) => {
        const outcome = handle(request);
        if (outcome.outcome !== 'handled') return outcome;
        const { orderId, version } = outcome.order;
        return { outcome: 'handled', orderId, version, partition: 0, position: 0, replayed: false };
      }),
  };
}

function handled(order: Order): CommandOutcome {
  return { outcome: 'handled', order, partition: 0, position: 0, replayed: false };
}

/** An order whose state is not known here. */
function placeholder({ orderId }: CommandRequest): Order {
  const order = fold([
    {
      type: 'OrderPlaced',
      data: { user_id: '', currency: 'XXX', total_minor: 0, items: [], metadata: {} },
      orderId,
      version: 1,
      occurredAt: utcTime(0),
      recordedAt: utcTime(0),
    },
  ]);
  if (!order) throw new Error('an event led to no order');
  return order;
}
