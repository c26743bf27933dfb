/**
 * Shares the runs of a task: all callers that wait for the same run get its result. A caller never
 * joins a run that began before its call, since that run may miss what the caller knows.
 */
export function shareNextRun<T>(task: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | undefined;
  let next: Promise<T> | undefined;
  const start = () => {
    current = task().finally(() => {
      current = undefined;
    });
    return current;
  };
  return () => {
    if (!current) return start();
    next ??= current
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return start();
      });
    return next;
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
