/** Collects what is imported but may be a mistake: each kind with its number and first line. */
export class Warnings {
  readonly #found = new Map<string, { count: number; firstLine: number }>();

  add(what: string, line: number): void {
    const found = this.#found.get(what);
    if (found) found.count += 1;
    else this.#found.set(what, { count: 1, firstLine: line });
  }

  /** One sentence per kind. */
  messages(): string[] {
    return [...this.#found].map(
      ([what, { count, firstLine }]) =>
        `${what}: ${count === 1 ? `line ${firstLine}` : `${count.toLocaleString('en')} times, first in line ${firstLine}`}`,
    );
  }
}
