/** Resolves when the caller may compute. Calls resolve in order, one per turn of the event loop. */
export type YieldToEventLoop = () => Promise<void>;

/**
 * Grants one call per turn of the event loop. Between two of them the process handles everything
 * else that has arrived, such as requests and replies of the servers. So several long computations
 * do not add up to one long block.
 */
export function createYieldToEventLoop(): YieldToEventLoop {
  let last: Promise<void> = Promise.resolve();
  return () => {
    last = last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return last;
  };
}
