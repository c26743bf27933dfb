import { chainHash, genesisHash } from '../../event-log/hash-chain.js';
import type { StoredEvent } from '../../event-log/stored-event.js';
import { type Checkpoint, isSamePosition } from '../../read-models/checkpoint.js';

/** The hash that the event after a checkpoint chains to. */
function hashAt({ position, hash }: Checkpoint): Buffer {
  return position === 0 ? genesisHash : Buffer.from(hash, 'hex');
}

function follows(checkpoint: Checkpoint, next: StoredEvent): boolean {
  return next.position === checkpoint.position + 1 && chainHash(hashAt(checkpoint), next).equals(next.hash);
}

/**
 * Tells whether an event directly follows a checkpoint in the log that the checkpoint was made
 * from. Another log, such as a restored one, has other hashes.
 */
export type ChainCheck = (checkpoint: Checkpoint, next: StoredEvent) => boolean;

/**
 * Checks the checkpoints of several generations against the same log. Most of them are equal, so a
 * checkpoint that has just been proven is not computed again.
 *
 * @param proven a checkpoint that is known to be followed by the events.
 */
export function createChainCheck(proven?: Checkpoint): ChainCheck {
  let last = proven;
  return (checkpoint, next) => {
    if (last && isSamePosition(checkpoint, last)) return true;
    if (!follows(checkpoint, next)) return false;
    last = checkpoint;
    return true;
  };
}

/**
 * Tells whether all of these events follow the checkpoint, one after another. This proves that
 * events which the process kept in memory are the ones in the log: PostgreSQL computed their hashes
 * when it appended them.
 */
export function allFollow(checkpoint: Checkpoint, events: readonly StoredEvent[]): boolean {
  const [first] = events;
  return first === undefined || (follows(checkpoint, first) && unbroken(events).length === events.length);
}

/**
 * The events up to the first one that does not follow the one before it: it was changed, or one is
 * missing. The next step begins with that event, and its checkpoint does not lead to it.
 */
export function unbroken(events: readonly StoredEvent[]): StoredEvent[] {
  let last: StoredEvent | undefined;
  for (const [index, event] of events.entries()) {
    if (last && (event.position !== last.position + 1 || !chainHash(last.hash, event).equals(event.hash))) {
      return events.slice(0, index);
    }
    last = event;
  }
  return [...events];
}
