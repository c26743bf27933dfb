/**
 * Seconds after which a report that is not renewed is removed: its release is gone. The time that
 * is left shows a report's age, independently of the clocks of the processes.
 */
export const reportLifeSeconds = 3_600;

/** Why a projection has stopped in a partition: an event failed, or the log is another one. */
export interface StoppedReport {
  readonly position: number;
  readonly orderId: string | null;
  readonly type: string | null;
  readonly error: string;
  readonly at: string;
}

/**
 * An event that an operator has decided to skip, and with it the later events of its order: the
 * order is damaged in that read model.
 */
export interface SkippedReport {
  readonly position: number;
  readonly orderId: string | null;
  readonly type: string | null;
}

/** The last report of a partition's owner. It is stored in Redis as JSON of the same shape. */
export interface PartitionReport {
  readonly owner: string;
  readonly head: number;
  /** By projection: why the live generation has stopped. */
  readonly stopped: Readonly<Record<string, StoppedReport>>;
  /** By projection: why the generation that is being built has stopped. */
  readonly rebuild_stopped: Readonly<Record<string, StoppedReport>>;
  /** By projection: the events that it skips. Absent in reports of earlier releases. */
  readonly skipped?: Readonly<Record<string, readonly SkippedReport[]>>;
  readonly reported_at: string;
}

/** The progress of a rebuild. It is stored in Redis as JSON of the same shape. */
export interface RebuildProgress {
  readonly generation: number;
  readonly events_done: number;
  readonly events_total: number;
  /** Average of the last seconds; null until two samples have been taken. */
  readonly events_per_second: number | null;
  readonly reported_at: string;
}
