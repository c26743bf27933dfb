/** A condition variable for one waiter at a time. A signal that meets no waiter is lost. */
export class WakeSignal {
  #wake: (() => void) | undefined;

  /** Wakes the waiter, if there is one. */
  notify(): void {
    this.#wake?.();
  }

  /** Resolves with true if it was notified, with false after the time-out. */
  wait(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (notified: boolean) => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve(notified);
      };
      const timer = setTimeout(() => end(false), timeoutMs);
      this.#wake = () => end(true);
    });
  }
}
