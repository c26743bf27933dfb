import type { LossRecord } from '../history.js';
import type { LogEvent } from './log.js';
import type { EventPosition, Operation } from './operations.js';

/**
 * The events that restores have lost: only these may be missing although they were acknowledged. A
 * position is lost if it lies behind the end of a restored log and was given before the restore.
 */
export class Losses {
  constructor(private readonly records: readonly LossRecord[]) {}

  get count(): number {
    return this.records.length;
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

  /** Whether a position was given before a restore that lost it. */
  hasLostPosition({ partition, position, epoch }: EventPosition): boolean {
    return this.records.some((loss, nth) => position >= (loss.lostFrom[partition] ?? Infinity) && epoch < nth + 2);
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
