import type { JWK } from 'jose';
import type { LogSettings, Pool } from '../event-log/database.js';
import { readHash } from '../event-log/read/read-partition.js';
import { createStreamReader, type StreamPage, streamPages } from '../event-log/read/read-stream.js';
import type { StoredEvent } from '../event-log/stored-event.js';
import { count, type FromSchema, list, object, sha256, text, time, uuid } from '../json-schema.js';
import { orderPartition } from '../orders/values/partition.js';
import { canonicalUuid, isUuid } from '../orders/values/uuid.js';
import { exportedEvent, recomputedHash } from './exported-event.js';
import { auditLimits as limits } from './limits.js';
import { type MerkleTree, openTree } from './merkle-store.js';
import { isIncluded, leafHash } from './merkle-tree.js';
import {
  NotProven,
  type SignedCheckpoint,
  type SignedCheckpointPayload,
  type SignedPartition,
  signedCheckpointSchema,
  verifySignedCheckpoint,
} from './signed-checkpoint.js';

/**
 * An event of the order as it was hashed, with its path in the Merkle tree. The order and its
 * partition are named once, in the proof.
 */
const provenEventSchema = object({
  position: count,
  version: count,
  type: text,
  occurred_at: time,
  recorded_at: time,
  data: { type: 'string', description: 'JSON text, byte for byte as it is hashed.' },
  metadata: { ...text, description: 'JSON text with the actor, the request and the schema version, as it is hashed.' },
  previous_hash: { ...sha256, description: 'The hash of the event before it in the partition, SHA-256, hex.' },
  hash: sha256,
  /** The sibling hashes on the way from the leaf to the root of the partition's Merkle tree. */
  path: list(sha256),
});

/** Proves, given trust in the signing key, that these events are in the log that was signed. */
export const orderProofSchema = object({
  order_id: uuid,
  partition: count,
  /** The log's number of partitions. Together with the order's id it determines the partition. */
  partitions: count,
  events: list(provenEventSchema),
  checkpoint: signedCheckpointSchema,
});

type ProvenEvent = FromSchema<typeof provenEventSchema>;
export type OrderProof = FromSchema<typeof orderProofSchema>;

/**
 * Creates the proof for an order's events up to the checkpoint, as the JSON text of an
 * `OrderProof`. The text is made part by part: memory does not grow with the number of events. Each
 * event's path grows with the logarithm of the log's size. Undefined if the order has no event up
 * to the checkpoint.
 */
export async function proveOrder(
  pool: Pool,
  settings: LogSettings,
  orderId: string,
  checkpoint: SignedCheckpoint,
): Promise<AsyncGenerator<string> | undefined> {
  const { partitions } = settings;
  const partition = orderPartition(orderId, partitions);
  const size = checkpoint.checkpoint.partitions.find((one) => one.partition === partition)?.position ?? 0;
  const pages = streamPages(createStreamReader(pool, settings), orderId);
  const { value: firstPage } = await pages.next();
  if (!firstPage?.events.some(({ position }: StoredEvent) => position <= size)) return undefined;

  async function* parts(): AsyncGenerator<string> {
    const head: Omit<OrderProof, 'events' | 'checkpoint'> = { order_id: orderId, partition, partitions };
    let part = `${JSON.stringify(head).slice(0, -1)},"events":[`;
    const tree = openTree(pool, partition, size);
    let separator = '';
    for (let page: StreamPage | undefined = firstPage; page; page = (await pages.next()).value) {
      for (const event of page.events) {
        if (event.position > size) continue;
        part += separator + JSON.stringify(await provenEvent(pool, tree, event));
        separator = ',';
        if (part.length < limits.proofPartLength) continue;
        yield part;
        part = '';
      }
    }
    yield `${part}],"checkpoint":${JSON.stringify(checkpoint)}}`;
  }
  return parts();
}

async function provenEvent(pool: Pool, tree: MerkleTree, event: StoredEvent): Promise<ProvenEvent> {
  const path = await tree.path(event.position);
  const previous = await readHash(pool, event.partition, event.position - 1);
  const { order_id: _order, partition: _partition, ...proven } = exportedEvent(event, previous);
  return { ...proven, path: path.map((hash) => hash.toString('hex')) };
}

/**
 * Verifies a proof with the trusted keys alone: it needs no database and no network.
 * Throws NotProven, which names the first flaw. Returns the checkpoint that the proof refers to.
 */
export async function verifyOrderProof(proof: OrderProof, trusted: readonly JWK[]): Promise<SignedCheckpointPayload> {
  const { checkpoint } = await verifySignedCheckpoint(JSON.stringify(proof.checkpoint), trusted);
  const { partitions } = checkpoint;
  const { order_id: orderId, partition } = proof;
  // The reason shows the id, which may be a text that reads like a result.
  if (!isUuid(orderId)) throw new NotProven('the order_id of the proof is no UUID');
  const signed = partitions.find((one) => one.partition === partition);
  if (!signed || orderPartition(canonicalUuid(orderId), partitions.length) !== partition) {
    throw new NotProven(`order ${orderId} does not belong to partition ${partition}`);
  }
  for (const [index, event] of proof.events.entries()) {
    const name = `event ${index + 1} of order ${orderId}`;
    if (event.version !== index + 1) throw new NotProven(`${name} has version ${event.version}: an event is missing`);
    checkEvent(name, orderId, signed, event);
  }
  if (proof.events.length === 0) throw new NotProven('the proof contains no event');
  return checkpoint;
}

function checkEvent(name: string, orderId: string, signed: SignedPartition, event: ProvenEvent): void {
  const hash = recomputedHash({ ...event, order_id: orderId, partition: signed.partition });
  if (hash !== event.hash) throw new NotProven(`${name} does not match its hash: its content was changed`);
  const path = event.path.map((one) => Buffer.from(one, 'hex'));
  const leaf = leafHash(Buffer.from(hash, 'hex'));
  if (!isIncluded(leaf, event.position - 1, signed.position, path, Buffer.from(signed.root, 'hex'))) {
    throw new NotProven(`${name} is not in the log that the checkpoint describes`);
  }
}
