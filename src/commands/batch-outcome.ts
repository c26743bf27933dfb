import type { CommandRequest } from './command-request.js';
import type { CommandOutcome, HandleCommand, Handled } from './handle-command.js';

/** As the outcome of a command, without the order: who sends thousands only asks what became of each. */
export type BatchOutcome =
  | (Omit<Handled, 'order'> & { readonly version: number })
  | Exclude<CommandOutcome, Handled>
  /** What HandleCommand would have rejected with. */
  | { readonly outcome: 'failed'; readonly error: unknown };

/** Handles a request alone. Never rejects. */
export async function outcomeOf(handle: HandleCommand, request: CommandRequest): Promise<BatchOutcome> {
  try {
    const outcome = await handle(request);
    if (outcome.outcome !== 'handled') return outcome;
    const { order, partition, position, replayed } = outcome;
    return { outcome: 'handled', version: order.version, partition, position, replayed };
  } catch (error) {
    return { outcome: 'failed', error };
  }
}
