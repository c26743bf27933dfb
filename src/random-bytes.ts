import { randomFillSync } from 'node:crypto';

/** Asked for at once: each call to the system's source costs far more than its bytes. */
const poolBytes = 4_096;

const pool = Buffer.alloc(poolBytes);
let used = poolBytes;

/** Bytes from the system's secure source that nobody gets twice. They are overwritten later: whoever keeps them copies them. Throws where more are asked for than there is room. */
export function randomBytes(count: number): Buffer {
  if (count > poolBytes) throw new RangeError(`${count} random bytes at once: at most ${poolBytes}`);
  if (used + count > poolBytes) {
    randomFillSync(pool);
    used = 0;
  }
  used += count;
  return pool.subarray(used - count, used);
}
