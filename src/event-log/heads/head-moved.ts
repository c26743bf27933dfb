/** The new end of a partition's log. */
export interface HeadMoved {
  readonly partition: number;
  /** The position of the last event. */
  readonly position: number;
}
