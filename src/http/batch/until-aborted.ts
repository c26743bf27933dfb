/**
 * Yields the items of a source until the signal aborts, also while it waits for the next item.
 * After an abort the source stays open, and its owner closes it. Otherwise this generator closes
 * it.
 */
export async function* untilAborted<Item>(source: AsyncIterable<Item>, signal: AbortSignal): AsyncGenerator<Item> {
  const items = source[Symbol.asyncIterator]();
  // One listener for the whole source: racing each item against one promise would keep a reaction
  // per item in memory.
  let stopWaiting: (() => void) | undefined;
  signal.addEventListener('abort', () => stopWaiting?.(), { once: true });
  try {
    while (!signal.aborted) {
      const next = await new Promise<IteratorResult<Item> | undefined>((resolve, reject) => {
        stopWaiting = () => resolve(undefined);
        items.next().then(resolve, reject);
      });
      if (!next || next.done) return;
      yield next.value;
    }
  } finally {
    if (!signal.aborted) await items.return?.(undefined);
  }
}
