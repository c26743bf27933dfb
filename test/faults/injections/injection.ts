import type { Random } from '../../support/random.js';
import type { World } from '../world.js';

/** The parts that a fault takes away: two faults at the same time take different ones. */
export type Part = 'process' | 'postgres' | 'redis' | 'entry' | 'receiver' | 'operator';

/** One fault, chosen from the seed. */
export interface Injection {
  /** In words: what is done to which part. */
  readonly detail: string;
  begin(): Promise<void>;
  /** Takes the fault away. The service has to come back from there by itself. */
  heal(): Promise<void>;
}

/** A kind of fault. */
export interface FaultKind {
  readonly name: string;
  readonly parts: readonly Part[];
  /** How often it is chosen, beside the others. */
  readonly weight: number;
  /** Milliseconds after healing within which the service is ready and has caught up. */
  readonly boundMs: number;
  /** Longest time for which the fault lasts, in milliseconds. */
  readonly maxMs: number;
  /** Short runs have time for these only. */
  readonly isQuick: boolean;
  readonly isPossible: (world: World) => boolean;
  readonly choose: (random: Random, world: World) => Injection;
}
