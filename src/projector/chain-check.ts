import { chainHash, genesisHash } from '../event-log/hash-chain.js';
import type { StoredEvent } from '../event-log/stored-event.js';
import { type Checkpoint, isSamePosition } from '../read-models/checkpoint.js';

/** The hash that the event after a checkpoint has to chain to. */
function hashAt({ position, hash }: Checkpoint): Buffer {
  return position === 0 ? genesisHash : Buffer.from(hash, 'hex');
}

function follows(checkpoint: Checkpoint, next: StoredEvent): boolean {
  return next.position === checkpoint.position + 1 && chainHash(hashAt(checkpoint), next).equals(next.hash);
}

/** Whether an event is the one right after a checkpoint, in the very log that the checkpoint was made from. */
export type ChainCheck = (checkpoint: Checkpoint, next: StoredEvent) => boolean;

/**
 * For several checkpoints of one log, most of which are at one place: it is computed once a place.
 * @param proven of which it is known.
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
 * Whether all of these events follow the checkpoint, one after the other. So what a process has kept of its own appends is proven:
 * their hashes are those that the log gave when it took them, so events that chain by them are what it holds.
 */
export function allFollow(checkpoint: Checkpoint, events: readonly StoredEvent[]): boolean {
  let { position } = checkpoint;
  let hash = hashAt(checkpoint);
  for (const event of events) {
    if (event.position !== position + 1 || !chainHash(hash, event).equals(event.hash)) return false;
    ({ position, hash } = event);
  }
  return true;
}
