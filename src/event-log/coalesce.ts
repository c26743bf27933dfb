/**
 * Makes of a task one that may be asked for many times, and then runs once for all who asked: when a turn of the event loop has passed in which
 * nobody did, when `isEnough` says so, or after so many milliseconds. No timer: when idle it runs a turn later, and a busy process, each of whose
 * turns brings more, has more for it to carry.
 */
export function coalesce(task: () => void, isEnough: () => boolean, maxMs: number): () => void {
  let isWaiting = false;
  let askedInTurn = false;
  let since = 0;

  function endTurn(): void {
    if (askedInTurn && !isEnough() && performance.now() - since < maxMs) {
      askedInTurn = false;
      setImmediate(endTurn);
      return;
    }
    isWaiting = false;
    task();
  }

  return () => {
    askedInTurn = true;
    if (isWaiting) return;
    isWaiting = true;
    since = performance.now();
    setImmediate(endTurn);
  };
}
