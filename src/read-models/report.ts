/** Why a projection's partition stands still: a bug met an event, or the log is not the one it was built from. */
export interface StoppedReport {
  readonly position: number;
  readonly orderId: string | null;
  readonly type: string | null;
  readonly error: string;
  readonly at: string;
}

/** What a partition's owner last told of it. The same shape is JSON text in Redis. */
export interface PartitionReport {
  readonly owner: string;
  readonly head: number;
  /** By projection: where the live generation has stopped. */
  readonly stopped: Readonly<Record<string, StoppedReport>>;
  /** By projection: where the generation being built has stopped. */
  readonly rebuild_stopped: Readonly<Record<string, StoppedReport>>;
  readonly reported_at: string;
}

/** How far a rebuild is. The same shape is JSON text in Redis. */
export interface RebuildProgress {
  readonly generation: number;
  readonly events_done: number;
  readonly events_total: number;
  /** Over the last seconds; null until something has been measured. */
  readonly events_per_second: number | null;
  readonly reported_at: string;
}
