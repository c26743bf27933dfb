import type { AppendEvents } from '../../event-log/append/append.js';
import { recordOperatorEvent } from '../../event-log/operators/operator-events.js';
import type { ReadStream } from '../../event-log/read/read-stream.js';
import { getProjections } from '../../queries/get-projections.js';
import type { ReadModels } from '../../queries/live-generation.js';

interface SkippedEvent {
  readonly projection: string;
  readonly orderId: string | null;
  readonly type: string | null;
  /** The position of the operator event. */
  readonly recorded: { readonly partition: number; readonly position: number };
}

/**
 * Records in the log that projections skip the event on which they have stopped, in their live
 * generation or in the one that is being built. Returns those that have stopped there.
 */
export async function skipStoppedEvent(
  { readStream, append, models }: { readStream: ReadStream; append: AppendEvents; models: ReadModels },
  projections: readonly { readonly name: string }[],
  { partition, position, reason }: { partition: number; position: number; reason: string },
  actor: string,
): Promise<SkippedEvent[]> {
  const stopped = (await getProjections(models)).flatMap(({ name, partitions, rebuild }) => {
    const live = partitions[partition]?.stopped;
    const rebuilt = rebuild?.stopped?.find((one) => one.partition === partition);
    const at = [live, rebuilt].find((one) => one?.position === position);
    return at && projections.some((one) => one.name === name) ? [{ name, at }] : [];
  });
  const skipped: SkippedEvent[] = [];
  for (const { name, at } of stopped) {
    const data = { projection: name, partition, position, order_id: at.order_id, event_type: at.type, reason };
    const recorded = await recordOperatorEvent(readStream, append, { type: 'ProjectionEventSkipped', data }, actor);
    skipped.push({ projection: name, orderId: at.order_id, type: at.type, recorded });
  }
  return skipped;
}
