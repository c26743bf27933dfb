import type { BatchLine } from '../http/batch/parse-line.js';

/**
 * A position in the input: the number of lines and bytes before it. If rows are grouped, orders
 * count instead of lines.
 */
export interface FilePosition {
  readonly lines: number;
  readonly bytes: number;
}

/** A line or an order of several rows: it is imported or rejected as one. */
export interface ImportUnit {
  /** The number of its first line in the file, from 1. Without a key, it identifies the order. */
  readonly number: number;
  /** The commands, in their order. Empty if the unit is refused. */
  readonly commands: readonly BatchLine[];
  /** The reason why the unit is refused before it becomes commands. */
  readonly refused: string | undefined;
  /** The reason why the unit is listed for the user instead of being imported or refused. */
  readonly setAside?: string | undefined;
  /** The position after the unit. */
  readonly end: FilePosition;
  /** Returns its text in the file, for the file of rejected records. */
  record(): string | Promise<string>;
}

/** Units that are handled together. */
export interface ImportGroup {
  readonly units: readonly ImportUnit[];
  /** The position after the last unit. */
  readonly end: FilePosition;
}
