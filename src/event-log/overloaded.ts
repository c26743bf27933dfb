/** A queue is at its limit: more arrives than can be done. The caller is told to come back, and nothing was done. */
export class Overloaded extends Error {
  constructor(queue: string, limit: number) {
    super(`${limit} ${queue} are waiting already`);
    this.name = 'Overloaded';
  }
}
