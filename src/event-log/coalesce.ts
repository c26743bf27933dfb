/**
 * Coalesces calls: returns a function that may be called many times and then runs `task` once for
 * all these calls. The task runs when the first of these is true:
 *
 * - a turn of the event loop has passed without a call;
 * - `isEnough` returns true at the end of a turn;
 * - `maxMs` milliseconds have passed since the first call, at the end of a turn.
 *
 * No timer is involved. An idle process runs the task one turn later. Each turn of a busy process
 * brings further calls, so the task has more to do at once.
 */
export function coalesce(task: () => void, isEnough: () => boolean, maxMs: number): () => void {
  let isWaiting = false;
  let calledInTurn = false;
  let firstCallAt = 0;

  function endTurn(): void {
    if (calledInTurn && !isEnough() && performance.now() - firstCallAt < maxMs) {
      calledInTurn = false;
      setImmediate(endTurn);
      return;
    }
    isWaiting = false;
    task();
  }

  return () => {
    calledInTurn = true;
    if (isWaiting) return;
    isWaiting = true;
    firstCallAt = performance.now();
    setImmediate(endTurn);
  };
}
