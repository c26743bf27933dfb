/** Where a generation stands in a partition: all events up to this position are in it. */
export interface Checkpoint {
  readonly position: number;
  /** The hash of the event at that position, hex; empty at position 0. */
  readonly hash: string;
  /**
   * Set while somebody needs the generation to stand still in this partition: nothing is applied until the holder of this
   * token, or the partition's owner after a time, thaws it. It is part of the checkpoint's text on purpose: a step that
   * was folded before the freeze no longer finds the checkpoint it started from, and is refused.
   */
  readonly frozenBy?: string;
}

export const startCheckpoint: Checkpoint = { position: 0, hash: '' };

/** What the checkpoints of a removed generation say for a while: a late owner must not begin to build it again. */
export const retiredCheckpoint = 'retired';

/** Whether both stand at the same event of the same log, frozen or not. */
export function isSamePosition(a: Checkpoint, b: Checkpoint): boolean {
  return a.position === b.position && a.hash === b.hash;
}

/** "<position>:<hash, hex>[:<token>]"; empty before the first event. */
export function encodeCheckpoint({ position, hash, frozenBy }: Checkpoint): string {
  if (position === 0 && frozenBy === undefined) return '';
  return `${position}:${hash}${frozenBy === undefined ? '' : `:${frozenBy}`}`;
}

export function decodeCheckpoint(text: string | null): Checkpoint {
  if (!text) return startCheckpoint;
  if (text === retiredCheckpoint) return { ...startCheckpoint, frozenBy: retiredCheckpoint };
  const [position, hash = '', frozenBy] = text.split(':');
  return { position: Number(position), hash, ...(frozenBy === undefined ? {} : { frozenBy }) };
}
