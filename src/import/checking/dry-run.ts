import { type CommandHandlers, createCommandHandlers } from '../../commands/command-handlers.js';
import type { CommandOutcome } from '../../commands/command-outcome.js';
import type { CommandRequest } from '../../commands/command-request.js';
import { fold } from '../../orders/evolve.js';
import { utcTime } from '../../orders/values/utc-time.js';
import { MemoryLog } from './memory-log.js';

/**
 * Handles commands as an import does, with a log in memory. A command on an order that the file has
 * placed is decided on that order. For any other order only the command's form is checked, since
 * its state is in the real log.
 */
export function dryRunHandlers(): CommandHandlers {
  const { handleCommand, placeOrders } = createCommandHandlers(new MemoryLog());
  return {
    placeOrders,
    async handleCommand(request) {
      const outcome = await handleCommand(request);
      const isElsewhere = outcome.outcome === 'rejected' && outcome.rejection.rejected === 'order-not-found';
      return isElsewhere ? accepted(request) : outcome;
    },
  };
}

/** The outcome of a command on an order whose state is not known here. */
function accepted({ orderId }: CommandRequest): CommandOutcome {
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
  return { outcome: 'handled', order, partition: 0, position: 0, replayed: false };
}
