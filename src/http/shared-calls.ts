import { setImmediate } from 'node:timers/promises';

/**
 * Shares the runs of tasks by key. The run of a key begins at the end of the turn of the event
 * loop, or when the run of that key that is in flight ends. All callers until then get its result:
 * it is never older than their call.
 */
export function shareByKey<T>(): (key: string, task: () => Promise<T>) => Promise<T> {
  const waiting = new Map<string, Promise<T>>();
  const running = new Map<string, Promise<unknown>>();

  async function runNext(key: string, task: () => Promise<T>): Promise<T> {
    await (running.get(key) ?? setImmediate());
    waiting.delete(key);
    const run = task();
    const ended = run.then(forget, forget);
    running.set(key, ended);
    return run;

    function forget(): void {
      if (running.get(key) === ended) running.delete(key);
    }
  }

  return (key, task) => {
    const shared = waiting.get(key) ?? runNext(key, task);
    waiting.set(key, shared);
    return shared;
  };
}

/** Shares each run of a task with all calls of the next `ms` milliseconds. */
export function shareFor<T>(ms: number, task: () => Promise<T>): () => Promise<T> {
  let last: { readonly atMs: number; readonly run: Promise<T> } | undefined;
  return () => {
    const nowMs = performance.now();
    if (!last || nowMs - last.atMs >= ms) last = { atMs: nowMs, run: task() };
    return last.run;
  };
}
