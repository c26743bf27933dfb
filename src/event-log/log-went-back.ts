/**
 * The log is not the one that this process knows: a restore or a failover has lost its end, or an
 * operator has started a new epoch. Nothing was appended, unless `mayHaveBeenDone`.
 */
export class LogWentBack extends Error {
  override readonly name = 'LogWentBack';

  /** @param mayHaveBeenDone whether an earlier attempt of the same append may be committed. */
  constructor(
    message: string,
    readonly mayHaveBeenDone = false,
  ) {
    super(message);
  }
}

/**
 * The clock of the database is behind the log's last event by more than the limit. Nothing was
 * appended, unless `mayHaveBeenDone`.
 */
export class ClockBehind extends Error {
  override readonly name = 'ClockBehind';

  /** @param mayHaveBeenDone whether an earlier attempt of the same append may be committed. */
  constructor(
    message: string,
    readonly mayHaveBeenDone = false,
  ) {
    super(message);
  }
}
