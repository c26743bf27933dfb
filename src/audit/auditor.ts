import type { LogSettings, Pool } from '../event-log/database.js';
import { noteTaken } from './checkpoints-taken.js';
import { proveOrder } from './order-proof.js';
import { createCheckpointPayload, type SignedCheckpoint, signCheckpoint } from './signed-checkpoint.js';
import type { PublicJwk, SigningKey } from './signing-key.js';

/** The service's side of an audit: signs the log's current state and proves what the log holds. */
export interface Auditor {
  /** Signs a checkpoint of all partitions. Concurrent callers share one. */
  signedCheckpoint(): Promise<SignedCheckpoint>;
  /**
   * Proves an order's events against a new checkpoint: gives the JSON text of an `OrderProof`, part
   * by part. Undefined if the order does not exist.
   */
  proof(orderId: string): Promise<AsyncGenerator<string> | undefined>;
  /** Notes that somebody took a checkpoint. Rejects with the database's error. */
  noteTaken(): Promise<void>;
  readonly publicKeys: readonly PublicJwk[];
}

/** @param keys the first key signs; the public halves of all keys are published. */
export function createAuditor(
  pool: Pool,
  settings: LogSettings,
  keys: readonly [SigningKey, ...SigningKey[]],
): Auditor {
  let current: Promise<SignedCheckpoint> | undefined;
  // A checkpoint that has already begun may miss an event that the caller knows to be durable.
  // Callers therefore never join the current one; they share the next.
  let next: Promise<SignedCheckpoint> | undefined;

  const create = async () => signCheckpoint(await createCheckpointPayload(pool, settings), keys[0]);

  function signedCheckpoint(): Promise<SignedCheckpoint> {
    if (current === undefined) {
      current = create().finally(() => {
        current = undefined;
      });
      return current;
    }
    next ??= current
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return signedCheckpoint();
      });
    return next;
  }

  return {
    signedCheckpoint,
    async proof(orderId) {
      return proveOrder(pool, settings, orderId, await signedCheckpoint());
    },
    noteTaken: () => noteTaken(pool),
    publicKeys: keys.map(({ publicJwk }) => publicJwk),
  };
}
