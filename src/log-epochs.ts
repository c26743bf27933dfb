/** The name of the first epoch. Tokens of the first epoch do not name it. */
export const firstEpoch = '1';

/** A further epoch: its name is its number, and 8 random hex digits. */
const furtherEpoch = /^[1-9]\d{0,8}-[0-9a-f]{8}$/;

export interface Epoch {
  /** Such as "2-9f3a01bc". Two restores of one backup start epochs with different names. */
  readonly name: string;
  /** RFC 3339, UTC, by the clock of the database. */
  readonly startedAt: string;
  /**
   * Whether the first event of the epoch may have an earlier recorded_at than the one before it.
   */
  readonly clockReset: boolean;
  /** By partition: the last position that existed when the epoch started. */
  readonly startsAfter: ReadonlyMap<number, number>;
}

/** The position of an event, as clients know it. */
export interface EventPosition {
  readonly partition: number;
  readonly position: number;
  /** The epoch in which the position was given out. */
  readonly epoch: string;
}

/**
 * The epochs of a log. Positions name events only within one history of the log. When a restore or
 * a failover has lost the end of the log, the next events get positions that lost events had. An
 * operator then starts a new epoch (`orders recover`).
 *
 * An epoch begins after a position in each partition. Everything up to that position is common to
 * the epochs before and after, and keeps its name. Later positions of earlier epochs are lost.
 */
export class LogEpochs {
  /** The epochs after the first one, oldest first. */
  readonly #further: readonly Epoch[];
  readonly #byName: ReadonlyMap<string, number>;

  constructor(further: readonly Epoch[] = []) {
    this.#further = further;
    this.#byName = new Map([firstEpoch, ...further.map(({ name }) => name)].map((name, index) => [name, index]));
  }

  get further(): readonly Epoch[] {
    return this.#further;
  }

  /** The name of the newest epoch. */
  get current(): string {
    return this.#further.at(-1)?.name ?? firstEpoch;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** The epoch in which the event at a position was appended. */
  of(partition: number, position: number): string {
    for (let index = this.#further.length - 1; index >= 0; index -= 1) {
      const epoch = this.#further[index];
      if (epoch && position > (epoch.startsAfter.get(partition) ?? 0)) return epoch.name;
    }
    return firstEpoch;
  }

  /**
   * The last position of a partition that was given out in an epoch and still names the same event.
   * Infinity for the newest epoch. Undefined if the log does not know the epoch: the log was
   * restored to a state before it, so nothing that the epoch gave out can be relied on.
   */
  validUpTo(name: string, partition: number): number | undefined {
    const index = this.#byName.get(name);
    if (index === undefined) return undefined;
    const starts = this.#further.slice(index).map(({ startsAfter }) => startsAfter.get(partition) ?? 0);
    return Math.min(Number.POSITIVE_INFINITY, ...starts);
  }

  isLost({ partition, position, epoch }: EventPosition): boolean {
    return position > (this.validUpTo(epoch, partition) ?? -1);
  }

  /**
   * The form in which clients get a position: "5:120", or "5:120@2-9f3a01bc" after the first epoch.
   */
  format(partition: number, position: number): string {
    return formatEventPosition({ partition, position, epoch: this.of(partition, position) });
  }

  /**
   * The latest time at which an event can have been recorded. This is its recorded_at, unless the
   * clock was ahead until an operator reset it: the event was then recorded before that reset.
   */
  recordedBy(partition: number, position: number, recordedAt: string): string {
    let time = recordedAt;
    for (const { clockReset, startedAt, startsAfter } of this.#further) {
      if (clockReset && startedAt < time && position <= (startsAfter.get(partition) ?? 0)) time = startedAt;
    }
    return time;
  }
}

/** A pattern for positions as `LogEpochs.format` writes them. */
export const eventPositionPattern = '^\\d{1,4}:\\d{1,15}(@[1-9]\\d{0,8}-[0-9a-f]{8})?$';

/** Writes a position as `LogEpochs.format` does, for callers that know its epoch. */
export function formatEventPosition({ partition, position, epoch }: EventPosition): string {
  return epoch === firstEpoch ? `${partition}:${position}` : `${partition}:${position}@${epoch}`;
}

/** Parses a position as `LogEpochs.format` writes it. Undefined if the text has another form. */
export function parseEventPosition(text: string): EventPosition | undefined {
  const [, partition, position, epoch = firstEpoch] = /^(\d{1,4}):(\d{1,15})(?:@(.+))?$/.exec(text) ?? [];
  if (partition === undefined || (epoch !== firstEpoch && !isFurtherEpoch(epoch))) return undefined;
  if (epoch === firstEpoch && text.includes('@')) return undefined;
  return { partition: Number(partition), position: Number(position), epoch };
}

export function isFurtherEpoch(name: string): boolean {
  return furtherEpoch.test(name);
}
