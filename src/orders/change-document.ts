/** One event of an order, as those hear of it who follow orders: in streams and in webhooks alike. */
export interface ChangeDocument {
  readonly order_id: string;
  readonly version: number;
  readonly type: string;
  readonly data: unknown;
  readonly actor: string;
  readonly occurred_at: string;
  readonly recorded_at: string;
  /** An Event-Position: partition:position. */
  readonly position: string;
}

export function changeDocument(
  { partition, position }: { readonly partition: number; readonly position: number },
  change: Omit<ChangeDocument, 'position'>,
): ChangeDocument {
  const { order_id, version, type, data, actor, occurred_at, recorded_at } = change;
  return { order_id, version, type, data, actor, occurred_at, recorded_at, position: `${partition}:${position}` };
}
