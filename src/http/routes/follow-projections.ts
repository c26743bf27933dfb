import type { Logger } from 'pino';
import { httpLimits as limits } from '../limits.js';
import type { EventStream } from '../response/event-streams.js';

/**
 * Sends every reader the state of the projections whenever it changes. While there are readers, the
 * state is read at intervals: once for all of them, and never twice at the same time.
 * @param read the state as JSON.
 */
export function followProjections(
  read: () => Promise<string>,
  log: Pick<Logger, 'debug'>,
): (stream: Pick<EventStream, 'send' | 'closed'>) => void {
  const readers = new Set<Pick<EventStream, 'send'>>();
  /** The state that the readers have; undefined while there are none. */
  let latest: string | undefined;
  let isReading = false;
  let nextReading: NodeJS.Timeout | undefined;

  async function readState(): Promise<void> {
    nextReading = undefined;
    isReading = true;
    const state = await read().catch((error: unknown) => {
      log.debug({ error: String(error) }, 'stream of projections: Redis did not respond');
      return undefined;
    });
    isReading = false;
    // If all readers have left meanwhile, the next one must not begin with a state that is old by
    // then.
    if (readers.size === 0) return;
    if (state !== undefined && state !== latest) {
      latest = state;
      for (const reader of readers) reader.send({ event: 'projections', data: state });
    }
    nextReading = setTimeout(() => void readState(), limits.projectionStreamIntervalMs);
  }

  return (stream) => {
    readers.add(stream);
    if (latest !== undefined) stream.send({ event: 'projections', data: latest });
    stream.closed.addEventListener('abort', () => {
      readers.delete(stream);
      if (readers.size > 0) return;
      latest = undefined;
      clearTimeout(nextReading);
      nextReading = undefined;
    });
    if (!isReading && nextReading === undefined) void readState();
  };
}
