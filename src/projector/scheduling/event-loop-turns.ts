/** Resolves when it is the caller's turn to compute. */
export type YieldToEventLoop = () => Promise<void>;

/**
 * Turns of the event loop, one for each who asks, in the order they ask: between two of them whatever else has come in (requests,
 * answers of the servers) is looked at. So long computations that are in hand at once don't add up to one long standstill.
 */
export function createEventLoopTurns(): YieldToEventLoop {
  let last: Promise<void> = Promise.resolve();
  return () => {
    last = last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return last;
  };
}
