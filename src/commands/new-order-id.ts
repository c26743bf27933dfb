import { randomFillSync } from 'node:crypto';
import { v7 as uuidV7 } from 'uuid';

/** Random bytes for so many ids are asked for at once: each call to the system's source costs far more than its bytes. */
const idsPerFill = 256;
const idBytes = 16;

const pool = new Uint8Array(idsPerFill * idBytes);
let used = pool.length;

/** A new id for an order: a UUID of version 7, so ids sort by the millisecond in which they were made. */
export function newOrderId(): string {
  return uuidV7({ rng: randomBytes });
}

/** Bytes that nobody gets twice. */
function randomBytes(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += idBytes;
  return pool.subarray(used - idBytes, used);
}
