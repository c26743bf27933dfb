import type { LogSettings, Pool } from '../event-log/database.js';
import { readHash } from '../event-log/read/read-partition.js';
import type { ReadStream } from '../event-log/read/read-stream.js';
import { orderPartition } from '../orders/values/partition.js';
import { type ExportedEvent, exportedEvent, recomputedHash } from './exported-event.js';
import { openTree } from './merkle-store.js';
import { isIncluded, leafHash } from './merkle-tree.js';
import {
  type SignedCheckpoint,
  type SignedCheckpointPayload,
  type SignedPartition,
  verifySignedCheckpoint,
} from './signed-checkpoint.js';

/** An event of the order as it was hashed, with what ties it to the log. The order and its partition are said once, in the proof. */
export interface ProvenEvent extends Omit<ExportedEvent, 'order_id' | 'partition'> {
  /** The audit path in the partition's Merkle tree, from beside the leaf up to below the root; hex. */
  readonly path: readonly string[];
}

/** Proves, to whoever trusts the signing key, that these events of an order are in the log that the checkpoint saw. */
export interface OrderProof {
  readonly order_id: string;
  readonly partition: number;
  /** How many partitions the log has: from it and the order's id follows the partition. */
  readonly partitions: number;
  readonly events: readonly ProvenEvent[];
  readonly checkpoint: SignedCheckpoint;
}

/**
 * The proof for an order's events up to the checkpoint. Its size grows with the logarithm of the log's.
 * Undefined where the order has no event by then.
 */
export async function proveOrder(
  pool: Pool,
  settings: LogSettings,
  readStream: ReadStream,
  orderId: string,
  checkpoint: SignedCheckpoint,
): Promise<OrderProof | undefined> {
  const partition = orderPartition(orderId, settings.partitions);
  const size = checkpoint.checkpoint.partitions.find((one) => one.partition === partition)?.position ?? 0;
  const stored = (await readStream(orderId)).filter(({ position }) => position <= size);
  if (stored.length === 0) return undefined;
  const tree = openTree(pool, partition, size);
  const events: ProvenEvent[] = [];
  for (const event of stored) {
    const path = await tree.path(event.position);
    const previous = await readHash(pool, partition, event.position - 1);
    const { order_id: _order, partition: _partition, ...proven } = exportedEvent(event, previous);
    events.push({ ...proven, path: path.map((hash) => hash.toString('hex')) });
  }
  return { order_id: orderId, partition, partitions: settings.partitions, events, checkpoint };
}

/**
 * Checks a proof with nothing but itself and the trusted keys: no database, no network.
 * Throws an error that names the first thing that does not hold. Gives the checkpoint that it holds against.
 */
export async function verifyOrderProof(
  proof: OrderProof,
  trusted: Parameters<typeof verifySignedCheckpoint>[1],
): Promise<SignedCheckpointPayload> {
  const checkpoint = await verifySignedCheckpoint(JSON.stringify(proof.checkpoint), trusted);
  const { order_id: orderId, partition } = proof;
  const signed = checkpoint.partitions.find((one) => one.partition === partition);
  if (!signed || orderPartition(orderId, checkpoint.partitions.length) !== partition) {
    throw new Error(`order ${orderId} does not live in partition ${partition}`);
  }
  for (const [index, event] of proof.events.entries()) {
    const what = `event ${index + 1} of order ${orderId}`;
    if (event.version !== index + 1)
      throw new Error(`${what} says that it is version ${event.version}: one is missing`);
    checkEvent(what, orderId, signed, event);
  }
  if (proof.events.length === 0) throw new Error('the proof holds no event');
  return checkpoint;
}

function checkEvent(what: string, orderId: string, signed: SignedPartition, event: ProvenEvent): void {
  const hash = recomputedHash({ ...event, order_id: orderId, partition: signed.partition });
  if (hash !== event.hash) throw new Error(`${what} is not what was hashed: its content was changed`);
  const path = event.path.map((one) => Buffer.from(one, 'hex'));
  const leaf = leafHash(Buffer.from(hash, 'hex'));
  if (!isIncluded(leaf, event.position - 1, signed.position, path, Buffer.from(signed.root, 'hex'))) {
    throw new Error(`${what} is not in the log that the checkpoint saw`);
  }
}
