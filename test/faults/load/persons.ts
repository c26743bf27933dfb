import type { Random } from '../../support/random.js';

/** Orders that are placed under one name. */
const ordersPerPerson = 5;
/** A request may wait this long in a silent connection, and arrive after its caller gave up. */
const settledMs = 20_000;

interface Person {
  readonly name: string;
  orders: number;
  inFlight: number;
  lastEndMs: number;
}

/**
 * Names of customers that are planted in some orders and forgotten later. A name is given to a few
 * orders only: a customer who orders again after being forgotten would be a new one.
 */
export class Persons {
  readonly #known: Person[] = [];

  /** The name for an order that is about to be placed. `end` has to follow. */
  begin(random: Random): string {
    const current = this.#known.at(-1);
    if (current && current.orders < ordersPerPerson) {
      current.orders += 1;
      current.inFlight += 1;
      return current.name;
    }
    const digits = Array.from({ length: 10 }, () => random.integer(0, 15).toString(16)).join('');
    const name = `planted-${digits}`;
    this.#known.push({ name, orders: 1, inFlight: 1, lastEndMs: 0 });
    return name;
  }

  /** The call that placed the order has ended, after all of its attempts. */
  end(name: string): void {
    const person = this.#known.find((one) => one.name === name);
    if (!person) return;
    person.inFlight -= 1;
    person.lastEndMs = performance.now();
  }

  get canForget(): boolean {
    return this.#settled() !== undefined;
  }

  /** Takes a name whose orders are all placed. */
  takeSettled(): string | undefined {
    const person = this.#settled();
    if (person) this.#known.splice(this.#known.indexOf(person), 1);
    return person?.name;
  }

  #settled(): Person | undefined {
    return this.#known.find(
      ({ orders, inFlight, lastEndMs }) =>
        orders >= ordersPerPerson && inFlight === 0 && performance.now() - lastEndMs > settledMs,
    );
  }
}
