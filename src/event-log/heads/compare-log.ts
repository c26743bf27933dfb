import type { KnownEvent, PartitionState } from './read-log-state.js';

/** The knowledge that a process, the read models in Redis, or a file has of the log. */
export interface KnownEvents {
  readonly epoch: string;
  /** By partition: a position that the log has reached. */
  readonly positions: Map<number, number>;
  /** By partition: an event of the log. */
  readonly events: Map<number, KnownEvent>;
}

/** A partition that does not continue what is known of it. */
export interface Difference {
  readonly partition: number;
  /** The position at which the partition ends now. */
  readonly head: number;
  /** The known position that it should have reached. */
  readonly known: number;
  readonly reason: 'ends-before' | 'other-event' | 'earlier-epoch';
}

/**
 * Compares the heads with what was known before they were read.
 * @param states in the result of a reading that looked up the known events.
 */
export function differencesOf(states: readonly PartitionState[], known: KnownEvents): Difference[] {
  return states.flatMap((state): Difference[] => {
    const { partition, position: head } = state;
    const event = known.events.get(partition);
    const position = Math.max(known.positions.get(partition) ?? 0, event?.position ?? 0);
    const difference = (reason: Difference['reason']) => [{ partition, head, known: position, reason }];
    if (head < position) return difference('ends-before');
    if (event && event.position > 0 && !state.known_hash?.equals(event.hash)) return difference('other-event');
    return state.epoch === known.epoch ? [] : difference('earlier-epoch');
  });
}

/** Differences that a message names one by one. */
const maxDescribed = 3;

export function describeDifferences(differences: readonly Difference[]): string {
  const texts = differences.slice(0, maxDescribed).map(({ partition, head, known, reason }) => {
    if (reason === 'ends-before') return `partition ${partition} ends at ${head}, but ${known} was known`;
    if (reason === 'other-event') return `partition ${partition} has another history up to ${known}`;
    return `partition ${partition} is in an epoch before the known one`;
  });
  const others = differences.length - texts.length;
  return [...texts, ...(others > 0 ? [`and ${others} more`] : [])].join(', ');
}
