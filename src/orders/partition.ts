import { createHash } from 'node:crypto';

/**
 * The partition in which an order lives for ever: the first four bytes of SHA-256 over the id's 16 bytes, as a
 * big-endian integer, modulo the number of partitions. `order_partition` in sql/ computes the same.
 */
export function orderPartition(orderId: string, partitions: number): number {
  const bytes = Buffer.from(orderId.replaceAll('-', ''), 'hex');
  return createHash('sha256').update(bytes).digest().readUInt32BE(0) % partitions;
}
