/** What a partition's owner last told of it. The same shape is JSON text in Redis. */
export interface PartitionReport {
  readonly owner: string;
  readonly head: number;
  readonly stopped: Readonly<
    Record<
      string,
      {
        readonly position: number;
        readonly orderId: string | null;
        readonly type: string | null;
        readonly error: string;
        readonly at: string;
      }
    >
  >;
  readonly reported_at: string;
}
