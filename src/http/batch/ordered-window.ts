import { setImmediate as yieldToEventLoop } from 'node:timers/promises';

/**
 * Works on the items of a stream at the same time, at most `maxInFlight`, and gives the results in the items' order as
 * they come. The source is read on while results wait to be taken, so a caller may send one item, wait for its result
 * and then send the next. When results are not taken, or the window is full, the source is not read: both sides feel
 * each other's pace, and memory is bounded. Each item has a turn of the event loop of its own: what its work sends off goes out before the
 * next is worked on, and what others wait for comes in between.
 */
export async function* orderedWindow<Item, Result>(
  source: AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
  maxInFlight: number,
): AsyncGenerator<Result> {
  const results: Promise<Result>[] = [];
  let ended = false;
  let failure: { error: unknown } | undefined;
  let wakeReader: (() => void) | undefined;
  let wakeWriter: (() => void) | undefined;

  const reading = (async () => {
    try {
      for await (const item of source) {
        const result = work(item);
        // Seen when it is taken; until then it must not count as unhandled.
        result.catch(() => undefined);
        results.push(result);
        wakeWriter?.();
        await yieldToEventLoop();
        while (results.length >= maxInFlight && !ended) {
          await new Promise<void>((resolve) => {
            wakeReader = resolve;
          });
        }
        if (ended) return;
      }
    } catch (error) {
      failure = { error };
    } finally {
      ended = true;
      wakeWriter?.();
    }
  })();

  try {
    for (;;) {
      const next = results[0];
      if (next !== undefined) {
        yield await next;
        void results.shift();
        wakeReader?.();
      } else if (ended) {
        break;
      } else {
        await new Promise<void>((resolve) => {
          wakeWriter = resolve;
        });
      }
    }
  } finally {
    ended = true;
    wakeReader?.();
  }
  await reading;
  if (failure) throw failure.error;
}
