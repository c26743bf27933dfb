import type { AppendEvents, NewEvent } from '../append/append.js';
import { eventLogLimits as limits } from '../limits.js';
import { Overloaded } from '../overloaded.js';
import type { ReadStream } from '../read/read-stream.js';
import type { StoredEvent } from '../stored-event.js';

/**
 * Appends one event at the end of a stream, at whatever version the stream then is. `next` returns
 * the event, given the stream, or undefined if there is nothing to append.
 * Rejects with Overloaded if other appends to the stream came first in each of the attempts.
 */
export async function appendAtEnd(
  readStream: ReadStream,
  append: AppendEvents,
  orderId: string,
  next: (stream: readonly StoredEvent[]) => NewEvent | undefined,
): Promise<{ partition: number; position: number } | undefined> {
  for (let attempt = 0; attempt < limits.maxAppendAttempts; attempt += 1) {
    const stream = await readStream(orderId);
    const event = next(stream);
    if (!event) return undefined;
    const result = await append({ orderId, expectedVersion: stream.length, events: [event] });
    if (result.appended) return { partition: result.partition, position: result.position };
  }
  throw new Overloaded(`attempts to append to ${orderId}`, limits.maxAppendAttempts);
}
