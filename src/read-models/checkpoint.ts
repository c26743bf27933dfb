/** The progress of a generation in one partition: it holds all events up to this position. */
export interface Checkpoint {
  readonly position: number;
  /** The hash of the event at that position, in hex; empty at position 0. */
  readonly hash: string;
  /**
   * The token of a freeze. Nothing is applied until the holder of the token thaws the checkpoint,
   * or the owner of the partition does so after a time-out. The token is part of the checkpoint's
   * text. So a step that was folded before the freeze does not find its checkpoint, and is
   * rejected.
   */
  readonly frozenBy?: string;
}

export const startCheckpoint: Checkpoint = { position: 0, hash: '' };

/**
 * The checkpoint of a removed generation. An owner that has not noticed the removal finds it and
 * does not fill the generation again.
 */
export const retiredCheckpoint = 'retired';

/** Whether both are at the same event of the same log, frozen or not. */
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
