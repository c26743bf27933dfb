/** What a sleeper is woken by. One sleeps at a time. */
export class WakeSignal {
  #ring: (() => void) | undefined;

  notify(): void {
    this.#ring?.();
  }

  /** True if it rang, false if the time is over. */
  wait(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (rung: boolean) => {
        clearTimeout(timer);
        this.#ring = undefined;
        resolve(rung);
      };
      const timer = setTimeout(() => end(false), timeoutMs);
      this.#ring = () => end(true);
    });
  }
}
