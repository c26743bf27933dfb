/** Where a partition's log ends now. */
export interface HeadMoved {
  readonly partition: number;
  readonly position: number;
}
