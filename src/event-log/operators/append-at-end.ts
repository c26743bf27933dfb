import type { AppendEvents, NewEvent } from '../append/append.js';
import { eventLogLimits as limits } from '../limits.js';
import { Overloaded } from '../overloaded.js';
import { type ReadStream, streamPages } from '../read/read-stream.js';

/**
 * Appends one event at the end of a stream, at whatever version the stream then is. `next` returns
 * the event, given the types of the stream's events, or undefined if there is nothing to append.
 * Rejects with Overloaded if other appends to the stream came first in each of the attempts.
 */
export async function appendAtEnd(
  readStream: ReadStream,
  append: AppendEvents,
  orderId: string,
  next: (types: ReadonlySet<string>) => NewEvent | undefined,
): Promise<{ partition: number; position: number } | undefined> {
  const types = new Set<string>();
  let version = 0;
  for (let attempt = 0; attempt < limits.maxAppendAttempts; attempt += 1) {
    // A further attempt reads what the other appends have added.
    for await (const { events } of streamPages(readStream, orderId, version)) {
      for (const { type } of events) types.add(type);
      version = events.at(-1)?.version ?? version;
    }
    const event = next(types);
    if (!event) return undefined;
    const result = await append({ orderId, expectedVersion: version, events: [event] });
    if (result.appended) return { partition: result.partition, position: result.position };
  }
  throw new Overloaded(`attempts to append to ${orderId}`, limits.maxAppendAttempts);
}
