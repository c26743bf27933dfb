import type { LogSettings, Pool } from '../event-log/database.js';
import { chainHash, genesisHash } from '../event-log/hash-chain.js';
import { readPartition } from '../event-log/read-partition.js';
import type { ReadStream } from '../event-log/read-stream.js';
import type { StoredEvent } from '../event-log/stored-event.js';
import { orderPartition } from '../orders/partition.js';
import { type Checkpoint, type CheckpointPartition, type SignedCheckpoint, verifyCheckpoint } from './checkpoint.js';
import { openTree } from './merkle-store.js';
import { isIncluded, leafHash } from './merkle-tree.js';

/** An event of the log exactly as it was hashed, with what ties it to the log. Hashes in hex. */
export interface ProvenEvent {
  readonly position: number;
  readonly version: number;
  readonly type: string;
  /** JSON text, byte by byte as it is stored: a string here, since parsing and printing it again may change it. */
  readonly data: string;
  readonly metadata: string;
  readonly occurred_at: string;
  readonly recorded_at: string;
  readonly hash: string;
  /** The hash of the event before it in the partition. */
  readonly previous_hash: string;
  /** The audit path in the partition's Merkle tree, from beside the leaf up to below the root. */
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
    events.push(provenEvent(event, await hashBefore(pool, event), path));
  }
  return { order_id: orderId, partition, partitions: settings.partitions, events, checkpoint };
}

async function hashBefore(pool: Pool, { partition, position }: StoredEvent): Promise<Buffer> {
  if (position === 1) return genesisHash;
  const [before] = await readPartition(pool, partition, position - 2, 1);
  if (before?.position !== position - 1) throw new Error(`partition ${partition} has no event ${position - 1}`);
  return before.hash;
}

function provenEvent(event: StoredEvent, previous: Buffer, path: readonly Buffer[]): ProvenEvent {
  return {
    position: event.position,
    version: event.version,
    type: event.type,
    data: event.data,
    metadata: event.metadata,
    occurred_at: event.occurredAt,
    recorded_at: event.recordedAt,
    hash: event.hash.toString('hex'),
    previous_hash: previous.toString('hex'),
    path: path.map((hash) => hash.toString('hex')),
  };
}

/**
 * Checks a proof with nothing but itself and the trusted keys: no database, no network.
 * Throws an error that names the first thing that does not hold. Gives the checkpoint that it holds against.
 */
export async function verifyOrderProof(
  proof: OrderProof,
  trusted: Parameters<typeof verifyCheckpoint>[1],
): Promise<Checkpoint> {
  const checkpoint = await verifyCheckpoint(JSON.stringify(proof.checkpoint), trusted);
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

function checkEvent(what: string, orderId: string, signed: CheckpointPartition, event: ProvenEvent): void {
  const content = {
    partition: signed.partition,
    position: event.position,
    orderId,
    version: event.version,
    type: event.type,
    data: event.data,
    metadata: event.metadata,
    occurredAt: event.occurred_at,
    recordedAt: event.recorded_at,
  };
  const hash = chainHash(Buffer.from(event.previous_hash, 'hex'), content);
  if (hash.toString('hex') !== event.hash) throw new Error(`${what} is not what was hashed: its content was changed`);
  const path = event.path.map((one) => Buffer.from(one, 'hex'));
  if (!isIncluded(leafHash(hash), event.position - 1, signed.position, path, Buffer.from(signed.root, 'hex'))) {
    throw new Error(`${what} is not in the log that the checkpoint saw`);
  }
}
