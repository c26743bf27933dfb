/**
 * Makes of a task one that may be asked for many times in a turn of the event loop, and runs once, after what has come in by then was
 * looked at: so what many requests ask for goes together. No timer, and hardly any delay when idle.
 */
export function oncePerTurn(task: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    setImmediate(() => {
      asked = false;
      task();
    });
  };
}
