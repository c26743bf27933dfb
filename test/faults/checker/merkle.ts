import { createHash, createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import type { Api } from './api.js';
import { hashOf, partitionOf } from './chain.js';
import { groupBy } from './group-by.js';
import type { Log } from './log.js';
import type { OrderRun } from './orders.js';

/** The tree of RFC 6962, section 2.1, over the hashes of a partition's events (docs/audit.md). */
export function rootOf(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 0) return sha256();
  let level = hashes.map(leafOf);
  // Pairing neighbours, level by level, splits at the largest power of two, as the RFC does.
  while (level.length > 1) {
    level = level.flatMap((node, nth) => {
      if (nth % 2 === 1) return [];
      const right = level[nth + 1];
      return [right ? nodeOf(node, right) : node];
    });
  }
  return level[0] as Buffer;
}

/** The root to which an audit path leads, or null: RFC 9162, 2.1.3.2. */
export function rootByPath(index: number, size: number, leaf: Buffer, path: readonly Buffer[]): Buffer | null {
  if (index >= size) return null;
  let [node, last, hash] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (last === 0) return null;
    if (node % 2 === 1 || node === last) {
      hash = nodeOf(sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else hash = nodeOf(hash, sibling);
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 ? hash : null;
}

const sha256 = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
export const leafOf = (hash: Buffer) => sha256(Buffer.from([0]), hash);
const nodeOf = (left: Buffer, right: Buffer) => sha256(Buffer.from([1]), left, right);

export interface SignedCheckpoint {
  jws: string;
}

interface Checkpoint {
  log_id: string;
  partitions: { partition: number; position: number; hash: string; root: string }[];
}

export interface Proof {
  order_id: string;
  partition: number;
  partitions: number;
  events: {
    position: number;
    version: number;
    type: string;
    data: string;
    metadata: string;
    occurred_at: string;
    recorded_at: string;
    previous_hash: string;
    hash: string;
    path: string[];
  }[];
  checkpoint: SignedCheckpoint;
}

type Keys = (JsonWebKey & { kid: string })[];

/** The content of a signed checkpoint, or the reason why it does not count. */
export function openCheckpoint({ jws }: SignedCheckpoint, keys: Keys): Checkpoint | string {
  const [head = '', payload = '', signature = ''] = jws.split('.');
  const header = parse<{ alg: string; kid: string; typ: string }>(head);
  const key = keys.find((one) => one.kid === header.kid);
  if (!key || header.alg !== 'EdDSA' || header.typ !== 'orders-checkpoint+json')
    return 'is not signed as docs/audit.md says';
  const publicKey = createPublicKey({ key, format: 'jwk' });
  const isSigned = verify(null, Buffer.from(`${head}.${payload}`), publicKey, Buffer.from(signature, 'base64url'));
  return isSigned ? parse<Checkpoint>(payload) : 'has a signature that does not hold';
}

const parse = <T>(part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as T;

/** The checkpoint describes the log: of each partition its position, its hash and its root. */
export function compareCheckpoint(log: Log, checkpoint: Checkpoint): string[] {
  const events = groupBy(log.events, (event) => event.partition);
  const anomalies = checkpoint.log_id === log.id ? [] : [`the checkpoint is of log ${checkpoint.log_id}.`];
  if (checkpoint.partitions.length !== log.partitions)
    anomalies.push(`the checkpoint has ${checkpoint.partitions.length} partitions, the log ${log.partitions}.`);
  for (const { partition, position, hash, root } of checkpoint.partitions) {
    const all = (events.get(partition) ?? []).map((event) => event.hash);
    const name = `partition ${partition} up to ${position}`;
    if (position !== all.length) anomalies.push(`the checkpoint has ${name}, the log up to ${all.length}.`);
    if (position > 0 && all[position - 1]?.toString('hex') !== hash)
      anomalies.push(`the checkpoint has hash ${hash} for ${name}, which the log has not.`);
    if (rootOf(all.slice(0, position)).toString('hex') !== root)
      anomalies.push(`the checkpoint has root ${root} for ${name}, which is not that of the log.`);
  }
  return anomalies;
}

/** The proof of an order holds, and has all events of the order that the log has. */
export function compareProof(log: Log, order: OrderRun, proof: Proof, keys: Keys): string[] {
  const checkpoint = openCheckpoint(proof.checkpoint, keys);
  if (typeof checkpoint === 'string') return [`the checkpoint of the proof of order ${order.id} ${checkpoint}.`];
  const partition = partitionOf(order.id, checkpoint.partitions.length);
  const signed = checkpoint.partitions.find((one) => one.partition === partition);
  const anomalies: string[] = [];
  if (checkpoint.log_id !== log.id || proof.partition !== partition || !signed)
    anomalies.push(`the proof of order ${order.id} is of another log or partition.`);
  if (proof.events.length !== order.events.length)
    anomalies.push(`the proof of order ${order.id} has ${proof.events.length} events, the log ${order.events.length}.`);
  proof.events.forEach((shown, nth) => {
    const { position, version, type, data, metadata, occurred_at, recorded_at } = shown;
    const event = { partition, position, orderId: order.id, version, type, data, metadata };
    const times = { occurredAt: occurred_at, recordedAt: recorded_at };
    const hash = hashOf({ ...event, ...times }, Buffer.from(shown.previous_hash, 'hex'));
    const path = shown.path.map((one) => Buffer.from(one, 'hex'));
    const root = rootByPath(position - 1, signed?.position ?? 0, leafOf(hash), path);
    const inLog = order.events[nth];
    const holds =
      version === nth + 1 &&
      hash.toString('hex') === shown.hash &&
      root?.toString('hex') === signed?.root &&
      inLog?.hash.equals(hash) === true &&
      inLog.position === position;
    if (!holds) anomalies.push(`the proof of order ${order.id} does not hold for ${partition}:${position}.`);
  });
  return anomalies;
}

/** The signed checkpoint of the service, and the proofs of these orders. */
export async function checkProofs(api: Api, log: Log, orders: readonly OrderRun[]): Promise<string[]> {
  const { keys } = await api.get<{ keys: Keys }>('/.well-known/jwks.json');
  const checkpoint = openCheckpoint(await api.get<SignedCheckpoint>('/audit/checkpoint'), keys);
  if (typeof checkpoint === 'string') return [`the checkpoint of the service ${checkpoint}.`];
  const anomalies = compareCheckpoint(log, checkpoint);
  for (const order of orders) {
    const proof = await api.get<Proof>(`/orders/${order.id}/history?proof=true`);
    anomalies.push(...compareProof(log, order, proof, keys));
  }
  return anomalies;
}
