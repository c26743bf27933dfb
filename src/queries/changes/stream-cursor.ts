import { firstEpoch, type LogEpochs } from '../../log-epochs.js';

/** The last position sent to the reader of a stream, by partition. */
export type Cursor = ReadonlyMap<number, number>;

/** The cursor that a reader resumes from, and the epoch of the log in which it was given out. */
export interface GivenCursor {
  readonly epoch: string;
  readonly positions: Cursor;
}

/** A part of the log that a reader has received and that is lost. */
export interface LostRange {
  readonly partition: number;
  /** The stream continues after this position. */
  readonly after: number;
  /** The last lost position that the reader has received. */
  readonly up_to: number;
}

/**
 * The cursor as the id of a message: the log with its epoch, and the position in each partition.
 * @param log the log's short name, as in the keys of the read models.
 */
export function encodeCursor(log: string, cursor: Cursor): string {
  const [[first, position] = [0, 0]] = cursor;
  if (cursor.size === 1) return `${log}-${first}:${position.toString(36)}`;
  return `${log}-${[...cursor.values()].map((one) => one.toString(36)).join('.')}`;
}

/** The cursor of a message's id. Undefined if the id does not belong to this stream. */
export function parseCursor(id: string, log: string, partitions: readonly number[]): GivenCursor | undefined {
  const [, ofLog, number, random, partition, positions = ''] =
    /^([0-9a-f]{8})(?:_([1-9]\d{0,8})_([0-9a-f]{8}))?-(?:(\d+):)?([0-9a-z.]+)$/.exec(id) ?? [];
  const numbers = positions.split('.').map((text) => Number.parseInt(text, 36));
  const fits =
    ofLog === log.slice(0, 8) &&
    numbers.length === partitions.length &&
    numbers.every((one) => Number.isSafeInteger(one)) &&
    (partitions.length > 1 ? partition === undefined : partition === undefined || Number(partition) === partitions[0]);
  if (!fits) return undefined;
  return {
    epoch: number === undefined ? firstEpoch : `${number}-${random}`,
    positions: new Map(partitions.map((one, index) => [one, numbers[index] ?? 0])),
  };
}

/**
 * Finds where a stream continues. This is the given cursor, unless events that the reader has
 * received were lost: then it is the last position that still holds, in each partition. If the log
 * does not know the cursor's epoch, nothing of it holds, and the stream begins at the start.
 */
export function resume(
  epochs: LogEpochs,
  { epoch, positions }: GivenCursor,
): { readonly cursor: Cursor; readonly lost: readonly LostRange[] } {
  const cursor = new Map<number, number>();
  const lost: LostRange[] = [];
  for (const [partition, position] of positions) {
    const after = Math.min(position, epochs.validUpTo(epoch, partition) ?? 0);
    cursor.set(partition, after);
    if (after < position) lost.push({ partition, after, up_to: position });
  }
  return { cursor, lost };
}
