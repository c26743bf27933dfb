/** A limit is reached, so nothing was done. The caller may try again later. */
export class Overloaded extends Error {
  /** @param items the items that the limit bounds, in the plural. */
  constructor(items: string, limit: number) {
    super(`Too many ${items}: the limit is ${limit}`);
    this.name = 'Overloaded';
  }
}
