import { hash } from 'node:crypto';

/**
 * The partition in which an order lives for ever: the first four bytes of SHA-256 over the id's 16 bytes, as a
 * big-endian integer, modulo the number of partitions. `order_partition` in sql/ computes the same.
 */
export function orderPartition(orderId: string, partitions: number): number {
  const bytes = Buffer.from(orderId.replaceAll('-', ''), 'hex');
  return Number.parseInt(hash('sha256', bytes, 'hex').slice(0, 8), 16) % partitions;
}
