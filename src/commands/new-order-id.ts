import { v7 as uuidV7 } from 'uuid';
import { randomBytes } from '../random-bytes.js';

const idBytes = 16;

/** A new id for an order: a UUID of version 7, so ids sort by the millisecond in which they were made. */
export function newOrderId(): string {
  return uuidV7({ rng: () => randomBytes(idBytes) });
}
