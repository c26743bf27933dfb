/** Resolves when the caller may compute. Calls resolve in order. */
export type YieldToEventLoop = () => Promise<void>;

/**
 * Longest time that one computation keeps the event loop from everything else. It bounds the delay
 * of other requests; yielding more often would cost more than it gains.
 */
const maxSliceMs = 10;
/**
 * Time for computations in one turn of the event loop: for two of them. With less, a busy process
 * would compute too little beside its other work.
 */
const maxTurnMs = 2 * maxSliceMs;

/**
 * Time after a turn with computations in which new connections come first. libuv accepts one per
 * turn (since 1.45). With computations in each turn, the last of a hundred connections would wait
 * for a hundred computations.
 */
const maxAcceptMs = 20;

let waiting: (() => void)[] = [];
/** Whether a connection was accepted in this turn. */
let hasAccepted = false;
/** When the last turn with computations ended. */
let computedUntilMs = Number.NEGATIVE_INFINITY;

/** To be called when a connection was accepted: more may wait, so the next turns stay short. */
export function connectionAccepted(): void {
  hasAccepted = true;
}

/**
 * Gives the computations of this thread up to `maxTurnMs` per turn of its event loop: one of them,
 * and others as long as a whole slice still fits. Between two turns the thread handles everything
 * else that has arrived, such as requests and replies of the servers. So the computations of
 * requests, projectors and replays do not add up to one long block, and short ones share a turn.
 */
export const yieldToEventLoop: YieldToEventLoop = () =>
  new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setImmediate(grantTurn);
  });

/** Grants those that wait now. A computation that yields again waits for a later turn. */
function grantTurn(): void {
  const startMs = performance.now();
  const connectionsFirst = hasAccepted && startMs - computedUntilMs < maxAcceptMs;
  hasAccepted = false;
  if (connectionsFirst) {
    setImmediate(grantTurn);
    return;
  }
  const granted = waiting;
  waiting = [];
  let next = 0;
  const grantNext = () => {
    granted[next++]?.();
    // Runs once the computation has ended or waits for something: all microtasks come before it.
    queueMicrotask(() => process.nextTick(afterOne));
  };
  const afterOne = () => {
    const nowMs = performance.now();
    if (next < granted.length && nowMs - startMs + maxSliceMs <= maxTurnMs) {
      grantNext();
      return;
    }
    computedUntilMs = nowMs;
    const isScheduled = waiting.length > 0;
    waiting = [...granted.slice(next), ...waiting];
    if (waiting.length > 0 && !isScheduled) setImmediate(grantTurn);
  };
  grantNext();
}

/** Bytes from which on what was read is worth a turn of its own: a millisecond or more. */
const largeBytes = 64 * 1024;

/** Waits until what was read may be computed on: at once if it is little. */
export async function sliceFor(bytes: number): Promise<TimeSlice> {
  if (bytes >= largeBytes) await yieldToEventLoop();
  return new TimeSlice();
}

/**
 * The time that a long computation may take before it yields to the event loop. Usage:
 * `if (slice.isOver) await slice.yield();` in each round of a loop.
 */
export class TimeSlice {
  #startMs = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#startMs >= maxSliceMs;
  }

  /** Resolves in a later turn of the event loop, with a new slice. */
  async yield(): Promise<void> {
    await yieldToEventLoop();
    this.#startMs = performance.now();
  }
}
