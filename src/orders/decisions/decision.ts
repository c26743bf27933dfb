import type { OrderEvent } from '../events.js';
import type { Rejection } from './rejection.js';

/** The events that a command leads to, or the reason why it is rejected. */
export type Events = readonly OrderEvent[] | Rejection;

/** The command repeats an earlier one: its outcome is the order at that version. */
export interface Repetition {
  readonly repeats: number;
}

export type Decision = Events | Repetition;
