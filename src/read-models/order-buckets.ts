import { codeAt } from '../orders/values/code-at.js';
import { shortId } from './encoding/short-id.js';
import type { PartitionKeys } from './keys.js';

/**
 * A read model keeps the entry of each order as a field of one of many small hashes. A key per
 * order would cost about 150 bytes beside its value. A field of a small hash costs hardly any:
 * Redis keeps a hash of up to 512 fields, with values of up to 64 bytes, as one block of memory.
 *
 * The number of hashes per partition is part of the stored format.
 */
const bucketsPerPartition = 1_024;

/** The hash and the field of an order's entry. */
export function orderEntry(key: PartitionKeys, orderId: string): readonly [hash: string, field: string] {
  return [key('orders', String(bucketOf(orderId))), shortId(orderId)];
}

/**
 * The hash and the field of a second entry of an order: it is beside the first one, so that one
 * command reads both as they are at one moment. Most orders have none.
 */
export function secondOrderEntry(key: PartitionKeys, orderId: string): readonly [hash: string, field: string] {
  const [hash, field] = orderEntry(key, orderId);
  return [hash, field + secondMark];
}

/** No short id has this character. */
const secondMark = '+';

/** The short id of the order of an entry, and whether it is the second one. */
export function orderOfEntry(field: string): { readonly id: string; readonly isSecond: boolean } {
  const isSecond = field.endsWith(secondMark);
  return { id: isSecond ? field.slice(0, -secondMark.length) : field, isSecond };
}

/**
 * The hash and the field of an order's damage mark: the position from which on the read model lacks
 * the order's events, because an operator has skipped one. Each read model may have this hash.
 */
export function damageMark(key: PartitionKeys, orderId: string): readonly [hash: string, field: string] {
  return [damagedOrders(key), shortId(orderId)];
}

/** The hash of the damage marks of a partition, which only exists if there are some. */
export function damagedOrders(key: PartitionKeys): string {
  return key('damaged');
}

/**
 * The bucket of a text: Redis keeps a sorted set of up to 128 members of up to 64 bytes as one
 * block too. A larger set costs about 90 bytes more per member. The hash is FNV-1a.
 */
export function textBucket(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ codeAt(text, at), 0x01000193);
  return String((hash >>> 0) % bucketsPerPartition);
}

/** Whether a key within a generation is one of these hashes. */
export function isOrderEntry(key: string): boolean {
  return key.startsWith('orders:');
}

/**
 * The bucket comes from the last digits of the id. They are random in UUIDs of versions 4, 5 and 7,
 * and independent of the partition, which comes from another hash.
 */
function bucketOf(orderId: string): number {
  return Number.parseInt(orderId.slice(-3), 16) % bucketsPerPartition;
}
