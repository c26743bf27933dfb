import { hash } from 'node:crypto';
import { codeAt } from './code-at.js';
import { writeUuidBytes } from './uuid.js';

/**
 * Returns an order's partition, which never changes: the first four bytes of SHA-256 over the id's
 * 16 bytes, as a big-endian integer, modulo the number of partitions. `order_partition` in sql/
 * computes the same.
 * @param orderId a UUID.
 */
export function orderPartition(orderId: string, partitions: number): number {
  writeUuidBytes(orderId, idBytes);
  // In 'binary' each character is one byte: it costs a third of a digest as a buffer or in hex.
  const digest = hash('sha256', idBytes, 'binary');
  let first = 0;
  for (let nth = 0; nth < 4; nth += 1) first = first * 256 + codeAt(digest, nth);
  return first % partitions;
}

/** Overwritten by each call, so that no call allocates a buffer. */
const idBytes = Buffer.alloc(16);
