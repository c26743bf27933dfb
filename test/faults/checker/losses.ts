import type { LossRecord } from '../history.js';
import type { LogEvent } from './log.js';
import type { EventPosition, Operation } from './operations.js';

/**
 * The events that restores have lost: only these may be missing although they were acknowledged. A
 * position is lost if it lies behind the end of a restored log and was given before the restore.
 */
export class Losses {
  constructor(private readonly records: readonly LossRecord[]) {}

  /** The number of the epoch in which the event at a position was appended. */
  epochOf({ partition, position }: Pick<EventPosition, 'partition' | 'position'>): number {
    return this.records.findLastIndex((loss) => position >= (loss.lostFrom[partition] ?? Infinity)) + 2;
  }

  /** The last positions of a partition that restores until a time have kept, each once. */
  keptUntil(partition: number, at: number): number[] {
    const earlier = this.records.filter((loss) => loss.at <= at);
    return earlier.flatMap(({ lostFrom }) => (lostFrom[partition] === undefined ? [] : [lostFrom[partition] - 1]));
  }

  /** Whether the event of an acknowledged operation was lost. `events`: those its order has. */
  hasLost(operation: Operation, partition: number, events: readonly LogEvent[]): boolean {
    return this.records.some((loss) => {
      const lostFrom = loss.lostFrom[partition];
      if (operation.startedAt >= loss.at || lostFrom === undefined) return false;
      if (operation.position) return operation.position.position >= lostFrom && !this.#isLater(operation, loss);
      return (operation.version ?? 0) > keptVersions(events, lostFrom);
    });
  }

  /** Whether a version that was read at a time may since be lost. */
  mayHaveLost(version: number, startedAt: number, partition: number, events: readonly LogEvent[]): boolean {
    return this.records.some((loss) => {
      const lostFrom = loss.lostFrom[partition];
      return startedAt < loss.at && lostFrom !== undefined && version > keptVersions(events, lostFrom);
    });
  }

  /** Whether a position was given before a restore that lost it, not earlier than a time. */
  hasLostPosition({ partition, position, epoch }: EventPosition, since = Number.NEGATIVE_INFINITY): boolean {
    return this.records.some(
      (loss, nth) => position >= (loss.lostFrom[partition] ?? Infinity) && epoch < nth + 2 && loss.at >= since,
    );
  }

  /** A position of an epoch that began with this loss, or later. */
  #isLater(operation: Operation, loss: LossRecord): boolean {
    const began = this.records.indexOf(loss) + 2;
    return (operation.position?.epoch ?? 1) >= began;
  }
}

function keptVersions(events: readonly LogEvent[], lostFrom: number): number {
  return events.filter((event) => event.position < lostFrom).length;
}
