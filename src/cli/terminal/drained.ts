import { once } from 'node:events';
import type { Writable } from 'node:stream';

/**
 * Waits until a full stream takes more, or is closed or fails. Leaves no listeners behind: a long
 * output waits thousands of times.
 */
export async function drained(stream: Writable): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  try {
    await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })]);
  } catch {
    // An error of the stream: it is not writable afterwards.
  } finally {
    over.abort();
  }
}
