import { type EventPosition, formatEventPosition, type LogEpochs } from '../../log-epochs.js';
import { ProblemError, problem } from '../contract/problems.js';

/** Tells whether the event log is the one that this process knows. */
export interface Continuity {
  /** Throws LogWentBack unless the log is intact. */
  readonly assertIntact: () => void;
  /** Compares the log now. Rejects unless it is intact, or if it cannot be read. */
  compare(): Promise<void>;
}

/**
 * Reads the heads of the log again if a client names an epoch that this process does not know.
 *
 * - If the epoch has started a moment ago, this rejects with LogWentBack, and the client tries
 *   again when the process has started over.
 * - If the heads cannot be read, this rejects with DatabaseUnavailable, and the client tries again.
 * - If it resolves, the log was restored to a state before the epoch.
 */
export async function checkEpoch(epochs: LogEpochs, continuity: Continuity, epoch: string): Promise<void> {
  if (!epochs.has(epoch)) await continuity.compare();
}

/**
 * Rejects with ProblemError if the event at a position was lost, and with the errors of
 * `checkEpoch`.
 */
export async function checkNotLost(epochs: LogEpochs, continuity: Continuity, awaited: EventPosition): Promise<void> {
  if (!epochs.isLost(awaited)) return;
  const { partition, epoch } = awaited;
  await checkEpoch(epochs, continuity, epoch);
  const shown = formatEventPosition(awaited);
  const validUpTo = epochs.validUpTo(epoch, partition);
  const what = validUpTo === undefined ? 'everything of this epoch' : `everything after ${partition}:${validUpTo}`;
  throw new ProblemError(
    problem('position-lost', `The event at ${shown} was lost, like ${what}. The log is in epoch ${epochs.current}.`),
  );
}
