import type { JWK } from 'jose';
import type { Pool } from '../event-log/database.js';
import { count, type FromSchema, list, object, sha256 } from '../json-schema.js';
import { openTree } from './merkle-store.js';
import { isConsistent } from './merkle-tree.js';
import {
  NotProven,
  type SignedCheckpoint,
  type SignedCheckpointPayload,
  signedCheckpointSchema,
  verifySignedCheckpoint,
} from './signed-checkpoint.js';

/**
 * Proves, given trust in the signing keys, that the log of the second checkpoint begins with the
 * log of the first one: nothing up to the first was changed or removed.
 */
export const consistencyProofSchema = object({
  first: signedCheckpointSchema,
  second: signedCheckpointSchema,
  /** By partition, the consistency path between the two trees (RFC 9162, 2.1.4). */
  partitions: list(object({ partition: count, path: list(sha256) })),
});

export type ConsistencyProof = FromSchema<typeof consistencyProofSchema>;

/**
 * Creates the proof from the log. Throws NotProven if the second checkpoint cannot continue the
 * first one.
 * @param second a checkpoint of this log, up to which its trees are stored.
 */
export async function proveConsistency(
  pool: Pool,
  first: SignedCheckpoint,
  second: SignedCheckpoint,
): Promise<ConsistencyProof> {
  const partitions: { partition: number; path: string[] }[] = [];
  for (const { partition, from, to } of pairsOf(first.checkpoint, second.checkpoint)) {
    const path = await openTree(pool, partition, to.position).consistency(from.position);
    partitions.push({ partition, path: path.map((hash) => hash.toString('hex')) });
  }
  return { first, second, partitions };
}

/**
 * Verifies a proof with the trusted keys alone: it needs no database and no network. Throws
 * NotProven, which names the first flaw. Returns the two checkpoints.
 */
export async function verifyConsistency(
  proof: ConsistencyProof,
  trusted: readonly JWK[],
): Promise<{ readonly first: SignedCheckpointPayload; readonly second: SignedCheckpointPayload }> {
  const { checkpoint: first } = await verifySignedCheckpoint(JSON.stringify(proof.first), trusted);
  const { checkpoint: second } = await verifySignedCheckpoint(JSON.stringify(proof.second), trusted);
  for (const { partition, from, to } of pairsOf(first, second)) {
    const path = proof.partitions.find((one) => one.partition === partition)?.path ?? [];
    const roots = { first: Buffer.from(from.root, 'hex'), second: Buffer.from(to.root, 'hex') };
    const hashes = path.map((hash) => Buffer.from(hash, 'hex'));
    if (!isConsistent(from.position, to.position, hashes, roots)) {
      throw new NotProven(
        `partition ${partition}: the log of the second checkpoint does not begin with that of the first one`,
      );
    }
  }
  return { first, second };
}

type SignedPartition = SignedCheckpointPayload['partitions'][number];

/** The partitions of both checkpoints. Throws if the second one cannot continue the first one. */
function pairsOf(
  first: SignedCheckpointPayload,
  second: SignedCheckpointPayload,
): { readonly partition: number; readonly from: SignedPartition; readonly to: SignedPartition }[] {
  if (first.log_id !== second.log_id) {
    throw new NotProven(`the checkpoints are of different logs: ${first.log_id} and ${second.log_id}`);
  }
  const numbers = new Set([...first.partitions, ...second.partitions].map(({ partition }) => partition));
  return [...numbers].map((partition) => {
    const [from, to] = [first, second].map((one) => one.partitions.find((its) => its.partition === partition));
    if (!from || !to) throw new NotProven(`partition ${partition} is in one of the checkpoints only`);
    if (from.position > to.position) {
      throw new NotProven(
        `partition ${partition} ends at ${to.position} in the second checkpoint, before the first one`,
      );
    }
    return { partition, from, to };
  });
}
