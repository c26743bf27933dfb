import { changeDocument } from '../../orders/change-document.js';
import { decodeCheckpoint } from '../../read-models/checkpoint.js';
import {
  chunkOf,
  decodeHistoryEntry,
  type HistoryEntry,
  orderHistory,
  orderHistoryKeys,
} from '../../read-models/order-history.js';
import { ReadModelUnavailable } from '../../read-models/read-model-unavailable.js';
import type { RedisCommand } from '../../read-models/redis/redis-pipeline.js';
import { fromLive, type ReadModels } from '../live-generation.js';

/** One change of an order, as a follower of the change feed receives it. */
export interface Change {
  readonly partition: number;
  readonly position: number;
  readonly orderId: string;
  /** The user of the order; [erased] after its person was forgotten. */
  readonly userId: string | undefined;
  /** Whether the earlier changes of the same order were rewritten without their personal data. */
  readonly isErasure: boolean;
  /** A ChangeDocument as JSON text. */
  readonly json: string;
}

/** Changes of a partition in order. No change up to the position `upTo` is missing. */
export interface ChangesUpTo {
  readonly changes: readonly Change[];
  readonly upTo: number;
}

/**
 * Reads the changes of a partition after one position and up to another, or up to the checkpoint if
 * that is lower. Rejects with ReadModelUnavailable.
 */
export function readChanges(models: ReadModels, partition: number, after: number, to: number): Promise<ChangesUpTo> {
  return fromLive(models, orderHistory, async (live) => {
    const key = orderHistoryKeys(live.keys(partition));
    const [first, last] = [chunkOf(after + 1), chunkOf(to)];
    const chunks: number[] = [];
    for (let chunk = first.chunk; chunk <= last.chunk; chunk += 1) chunks.push(chunk);
    // The checkpoint is read before the lists: up to it, the lists are complete.
    const [checkpoint, ...lists] = await live.read([
      ['GET', models.keys.checkpoint(live.id, partition)],
      ...chunks.map((chunk): RedisCommand => {
        const start = chunk === first.chunk ? first.index : 0;
        return ['LRANGE', key.events(chunk), start, chunk === last.chunk ? last.index : -1];
      }),
    ]);
    // A rebuilt read model may still be behind the reader: the reader's position never goes back.
    const upTo = Math.max(after, Math.min(to, decodeCheckpoint(checkpoint as string | null).position));
    const entries = lists
      .flatMap((texts, index) =>
        (texts as string[]).flatMap((text) => (text === '' ? [] : decodeHistoryEntry(chunks[index] ?? 0, text))),
      )
      .filter(({ position }) => position <= upTo);
    // Only an order's first entry holds the order's id and its user.
    const firsts = new Map(entries.flatMap((entry) => (isFirst(entry) ? [[entry.position, entry]] : [])));
    const missing = [...new Set(entries.map(({ firstPosition }) => firstPosition))].filter((one) => !firsts.has(one));
    const texts = await live.read(
      missing.map((position) => {
        const { chunk, index } = chunkOf(position);
        return ['LINDEX', key.events(chunk), index];
      }),
    );
    for (const [index, position] of missing.entries()) {
      const text = texts[index];
      if (text) firsts.set(position, decodeHistoryEntry(chunkOf(position).chunk, text as string));
    }
    const changes = entries.map((entry) => changeOf(partition, entry, firsts.get(entry.firstPosition)));
    return { changes, upTo };
  });
}

function isFirst({ position, firstPosition }: HistoryEntry): boolean {
  return position === firstPosition;
}

/** @param first the first entry of the same order. */
function changeOf(partition: number, entry: HistoryEntry, first: HistoryEntry | undefined): Change {
  const { position, firstPosition, version, type, data, metadata, occurred_at, recorded_at } = entry;
  if (first?.orderId === undefined)
    throw new ReadModelUnavailable(`partition ${partition}: no order begins at position ${firstPosition}`);
  const { orderId } = first;
  return {
    partition,
    position,
    orderId,
    userId: (first.data as { user_id?: string }).user_id,
    isErasure: type === 'OrderPersonErased',
    json: JSON.stringify(
      changeDocument(
        { partition, position },
        { order_id: orderId, version, type, data, actor: metadata.actor, occurred_at, recorded_at },
      ),
    ),
  };
}
