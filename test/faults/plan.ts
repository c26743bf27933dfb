import type { Random } from '../support/random.js';
import type { FaultKind, Injection } from './injections/injection.js';
import { machineFaults } from './injections/machine-faults.js';
import { networkFaults } from './injections/network-faults.js';
import { operatorFaults } from './injections/operator-faults.js';
import { postgresFaults } from './injections/postgres-faults.js';
import { processFaults } from './injections/process-faults.js';
import { redisFaults } from './injections/redis-faults.js';
import { restoreFault } from './injections/restore-fault.js';
import { stoppedProjection } from './injections/stopped-projection.js';
import type { World } from './world.js';

export const allFaults: readonly FaultKind[] = [
  ...processFaults,
  ...networkFaults,
  ...redisFaults,
  ...postgresFaults,
  ...machineFaults,
  ...operatorFaults,
  stoppedProjection,
  restoreFault,
];

/** One fault, or two of different parts at the same time. */
export interface Planned {
  readonly kinds: readonly FaultKind[];
  readonly injections: readonly Injection[];
  readonly lastsMs: number;
  /** Milliseconds after healing within which all has to be well. */
  readonly boundMs: number;
}

const pairChance = 0.25;
const isOfOperator = ({ parts }: FaultKind) => parts.includes('operator');

/** The part of the seed that chooses the faults. Kinds that were chosen less often come first. */
export class Plan {
  readonly #random: Random;
  readonly #isShort: boolean;
  readonly #kinds: readonly FaultKind[];
  readonly #chosen = new Map<string, number>();

  /** @param only the names of the faults to choose from; undefined: all. */
  constructor(random: Random, isShort: boolean, only?: readonly string[]) {
    this.#random = random;
    this.#isShort = isShort;
    this.#kinds = allFaults.filter(({ name }) => only?.includes(name) ?? true);
    const unknown = only?.filter((name) => !allFaults.some((kind) => kind.name === name)) ?? [];
    if (unknown.length > 0) throw new Error(`there is no fault ${unknown.join(', ')}`);
  }

  next(world: World): Planned {
    const possible = this.#kinds.filter((kind) => kind.isPossible(world) && (kind.isQuick || !this.#isShort));
    const first = this.#pick(possible);
    const others = possible.filter(({ parts }) => !parts.some((part) => first.parts.includes(part)));
    const chosen = this.#random.chance(pairChance) && others.length > 0 ? [first, this.#pick(others)] : [first];
    // An operator's action needs a working service, so it comes before the fault that takes it
    // down.
    const kinds = [...chosen.filter(isOfOperator), ...chosen.filter((kind) => !isOfOperator(kind))];
    for (const { name } of kinds) this.#chosen.set(name, (this.#chosen.get(name) ?? 0) + 1);
    const longestMs = Math.max(...kinds.map(({ maxMs }) => maxMs));
    return {
      kinds,
      injections: kinds.map((kind) => kind.choose(this.#random, world)),
      lastsMs: Math.round(this.#random.next() * (this.#isShort ? Math.min(longestMs, 2_000) : longestMs)),
      boundMs: Math.max(...kinds.map(({ boundMs }) => boundMs)),
    };
  }

  #pick(kinds: readonly FaultKind[]): FaultKind {
    const weightOf = ({ name, weight }: FaultKind) => weight / (1 + (this.#chosen.get(name) ?? 0));
    let left = this.#random.next() * kinds.reduce((sum, kind) => sum + weightOf(kind), 0);
    for (const kind of kinds) {
      left -= weightOf(kind);
      if (left < 0) return kind;
    }
    const last = kinds.at(-1);
    if (!last) throw new Error('no fault is possible');
    return last;
  }
}
