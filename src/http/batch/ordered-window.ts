import { setImmediate as yieldToEventLoop } from 'node:timers/promises';

/**
 * Processes up to `maxInFlight` items of a stream at the same time, and yields their results in the
 * order of the items.
 *
 * The source is read ahead while results wait, so a client may send one item and wait for its
 * result before it sends the next. While the window is full, because results are slow or nobody
 * takes them, the source is not read. So backpressure reaches both sides, and memory is bounded.
 *
 * After each item the reader yields to the event loop: the item's I/O starts before the next item,
 * and other work gets its turn in between.
 */
export async function* orderedWindow<Item, Result>(
  source: AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
  maxInFlight: number,
): AsyncGenerator<Result> {
  const results: Promise<Result>[] = [];
  let ended = false;
  let failure: { error: unknown } | undefined;
  let resumeReader: (() => void) | undefined;
  let resumeWriter: (() => void) | undefined;

  const reading = (async () => {
    try {
      for await (const item of source) {
        const result = work(item);
        // A rejection is handled when its result is taken; here it must not count as unhandled.
        result.catch(() => undefined);
        results.push(result);
        resumeWriter?.();
        await yieldToEventLoop();
        while (results.length >= maxInFlight && !ended) {
          await new Promise<void>((resolve) => {
            resumeReader = resolve;
          });
        }
        if (ended) return;
      }
    } catch (error) {
      failure = { error };
    } finally {
      ended = true;
      resumeWriter?.();
    }
  })();

  try {
    for (;;) {
      const next = results[0];
      if (next !== undefined) {
        yield await next;
        void results.shift();
        resumeReader?.();
      } else if (ended) {
        break;
      } else {
        await new Promise<void>((resolve) => {
          resumeWriter = resolve;
        });
      }
    }
  } finally {
    ended = true;
    resumeReader?.();
  }
  await reading;
  if (failure) throw failure.error;
}
