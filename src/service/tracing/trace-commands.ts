import type { CommandHandlers } from '../../commands/command-handlers.js';
import type { Appender } from '../../event-log/append/append.js';
import { currentTrace } from './trace-requests.js';
import { inSpan, type Tracing } from './tracing.js';

/** Gives each command of a traced request a span, and the batches of orders one span together. */
export function traceCommands(tracing: Tracing, { handleCommand, placeOrders }: CommandHandlers): CommandHandlers {
  return {
    handleCommand(request) {
      const parent = currentTrace.getStore();
      if (!parent) return handleCommand(request);
      return inSpan(tracing, `command ${request.command.command}`, parent, async (span, context) => {
        span.setAttribute('orders.order_id', request.orderId);
        const outcome = await currentTrace.run(context, () => handleCommand(request));
        span.setAttribute('orders.outcome', outcome.outcome);
        return outcome;
      });
    },
    placeOrders(requests) {
      const parent = currentTrace.getStore();
      if (!parent) return placeOrders(requests);
      return inSpan(tracing, 'command place (batch)', parent, (span, context) => {
        span.setAttribute('orders.commands', requests.length);
        return currentTrace.run(context, () => placeOrders(requests));
      });
    },
  };
}

/** Gives each append of a traced command a span: from its queue to its commit. */
export function traceAppends(tracing: Tracing, { append, appendAll }: Appender): Appender {
  return {
    append(one) {
      const parent = currentTrace.getStore();
      if (!parent) return append(one);
      return inSpan(tracing, 'append', parent, async (span) => {
        const result = await append(one);
        if (result.appended) {
          span.setAttributes({ 'orders.partition': result.partition, 'orders.position': result.position });
        }
        return result;
      });
    },
    appendAll(all) {
      const parent = currentTrace.getStore();
      if (!parent) return appendAll(all);
      return inSpan(tracing, 'append', parent, (span) => {
        span.setAttribute('orders.appends', all.length);
        return appendAll(all);
      });
    },
  };
}
