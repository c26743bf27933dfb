/** The new end of a partition's log. */
export interface HeadMoved {
  readonly partition: number;
  /** The position of the last event. */
  readonly position: number;
  /** The hash of that event, if it is known. */
  readonly hash?: Buffer | undefined;
}
