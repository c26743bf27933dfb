import type { JWK } from 'jose';
import type { LogSettings, Pool } from '../event-log/database.js';
import type { ReadStream } from '../event-log/read/read-stream.js';
import { type OrderProof, proveOrder } from './order-proof.js';
import { createCheckpointPayload, type SignedCheckpoint, signCheckpoint } from './signed-checkpoint.js';
import type { SigningKey } from './signing-key.js';

/** The service's side of the audit: signs what the log is now, and proves what is in it. */
export interface Auditor {
  /** A checkpoint of all partitions, signed. Those who ask at once share one. */
  signedCheckpoint(): Promise<SignedCheckpoint>;
  /** Undefined where there is no such order. */
  proof(orderId: string): Promise<OrderProof | undefined>;
  readonly publicKeys: readonly JWK[];
}

/** @param keys the first signs, all are published. */
export function createAuditor(
  pool: Pool,
  settings: LogSettings,
  readStream: ReadStream,
  keys: readonly [SigningKey, ...SigningKey[]],
): Auditor {
  let taking: Promise<SignedCheckpoint> | undefined;
  // One that began before a caller's event was durable would not have it: so a caller joins only what has not begun.
  let next: Promise<SignedCheckpoint> | undefined;

  const take = async () => signCheckpoint(await createCheckpointPayload(pool, settings), keys[0]);

  function signedCheckpoint(): Promise<SignedCheckpoint> {
    if (taking === undefined) {
      taking = take().finally(() => {
        taking = undefined;
      });
      return taking;
    }
    next ??= taking
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
      return proveOrder(pool, settings, readStream, orderId, await signedCheckpoint());
    },
    publicKeys: keys.map(({ publicJwk }) => publicJwk),
  };
}
