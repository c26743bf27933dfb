import { randomFillSync } from 'node:crypto';

/**
 * Bytes that one call to the system's random source fills. A call costs far more than its bytes.
 */
const poolBytes = 4_096;

const pool = Buffer.alloc(poolBytes);
let used = poolBytes;

/**
 * Takes bytes of the system's secure random source from a pool. No two calls get the same bytes.
 * The result is a view of the pool and is overwritten later: copy it to keep it.
 * Throws a RangeError for more bytes than the pool holds.
 */
export function randomBytes(count: number): Buffer {
  if (count > poolBytes) throw new RangeError(`cannot take ${count} random bytes at once: the limit is ${poolBytes}`);
  if (used + count > poolBytes) {
    randomFillSync(pool);
    used = 0;
  }
  used += count;
  return pool.subarray(used - count, used);
}
