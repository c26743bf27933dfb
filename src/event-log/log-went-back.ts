/**
 * The log is not the one that this process knows: a restore or a failover has lost its end, or an
 * operator has started a new epoch. Nothing was appended.
 */
export class LogWentBack extends Error {
  override readonly name = 'LogWentBack';
}

/**
 * The clock of the database is behind the log's last event by more than the limit. Nothing was
 * appended.
 */
export class ClockBehind extends Error {
  override readonly name = 'ClockBehind';
}
