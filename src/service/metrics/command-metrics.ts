import type { Registry } from 'prom-client';
import type { CommandHandlers } from '../../commands/command-handlers.js';
import { addCounter } from './metric.js';

/**
 * Counts commands by their outcome. The outcome of a batch's command counts like that of a single
 * one.
 */
export function countCommands(registry: Registry, { handleCommand, placeOrders }: CommandHandlers): CommandHandlers {
  const count = addCounter(registry, {
    name: 'orders_commands_total',
    help:
      'Commands by outcome: handled, replayed (the same Idempotency-Key again), rejected, version-mismatch, ' +
      'idempotency-key-reused, contended (others came first at every attempt) or failed.',
    labels: ['command', 'outcome'],
  });
  return {
    handleCommand(request) {
      const { command } = request.command;
      const handling = handleCommand(request);
      handling.then(
        (outcome) => count({ command, outcome: nameOf(outcome) }),
        () => count({ command, outcome: 'failed' }),
      );
      return handling;
    },
    async placeOrders(requests) {
      const outcomes = await placeOrders(requests);
      for (const outcome of outcomes) count({ command: 'place', outcome: nameOf(outcome) });
      return outcomes;
    },
  };
}

function nameOf(outcome: { readonly outcome: string; readonly replayed?: boolean }): string {
  return outcome.replayed ? 'replayed' : outcome.outcome;
}
