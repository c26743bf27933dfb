/**
 * Functions that close what has been opened: each is pushed right after its opening, and they run
 * in the opposite order. A start that fails halfway closes exactly what it had opened.
 */
export class CleanupStack {
  readonly #closings: (() => unknown)[] = [];

  defer(close: () => unknown): void {
    this.#closings.push(close);
  }

  async run(): Promise<void> {
    for (const close of this.#closings.splice(0).reverse()) await close();
  }
}
