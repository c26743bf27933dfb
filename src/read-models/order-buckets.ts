import { shortId } from './encoding/short-id.js';
import type { PartitionKeys } from './keys.js';

/**
 * What a read model keeps of each order is a field of a small hash, not a key of its own: a key costs Redis some 150 bytes
 * beside its value, a field of a hash of short values hardly any (Redis keeps hashes of up to 512 values of up to 64 bytes
 * as one block of memory). The number of hashes in a partition is part of the stored format.
 */
const bucketsPerPartition = 1_024;

/** Where an order's entry is: the hash, and the field in it. */
export function orderEntry(key: PartitionKeys, orderId: string): readonly [hash: string, field: string] {
  return [key('orders', String(bucketOf(orderId))), shortId(orderId)];
}

/** Whether a key within a generation is one of these hashes. */
export function isOrderEntry(key: string): boolean {
  return key.startsWith('orders:');
}

/** By the last digits of the id: they are random in ids of versions 4, 5 and 7, and partitions go by another hash. */
function bucketOf(orderId: string): number {
  return Number.parseInt(orderId.slice(-3), 16) % bucketsPerPartition;
}
