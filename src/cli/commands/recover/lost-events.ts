import { readHeadPositions, readHeads } from '../../../event-log/heads/read-heads.js';
import { readPartition } from '../../../event-log/read/read-partition.js';
import type { LogEpochs } from '../../../log-epochs.js';
import { readChanges } from '../../../queries/changes/read-changes.js';
import { fromLive, type ReadModels } from '../../../queries/live-generation.js';
import { decodeCheckpoint } from '../../../read-models/checkpoint.js';
import { chunkOf, decodeHistoryEntry, orderHistory, orderHistoryKeys } from '../../../read-models/order-history.js';
import type { EventLogConnection } from '../../../service/connect.js';

/** A range of positions that a source, such as Redis, knows and the log does not have. */
export interface LostPart {
  readonly partition: number;
  /** The last position that the log still has as it was known. */
  readonly keptUpTo: number;
  /** The last known position. */
  readonly knownUpTo: number;
}

/** An event that the read models know and that the log does not have. */
export interface LostEvent {
  readonly order_id: string;
  readonly version: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly position: string;
  readonly recorded_at: string;
}

/** Positions that one read of the read model covers. */
const pagePositions = 500;

/**
 * Compares the read model of the history with the log, partition by partition.
 * @param models the read models of the epoch that Redis knows.
 */
export async function lostParts({ pool }: Pick<EventLogConnection, 'pool'>, models: ReadModels): Promise<LostPart[]> {
  const heads = await readHeads(pool);
  const parts: LostPart[] = [];
  for (const { partition, position: head } of heads) {
    const knownUpTo = await checkpointOf(models, partition);
    const keptUpTo = await commonUpTo(pool, models, partition, Math.min(head, knownUpTo));
    if (keptUpTo < knownUpTo) parts.push({ partition, keptUpTo, knownUpTo });
  }
  return parts;
}

/**
 * Yields the lost events of a part in order, page by page. Events of operators are not among them.
 */
export async function* lostEvents(
  models: ReadModels,
  { partition, keptUpTo, knownUpTo }: LostPart,
): AsyncGenerator<readonly LostEvent[]> {
  for (let after = keptUpTo; after < knownUpTo; ) {
    const { changes, upTo } = await readChanges(models, partition, after, Math.min(after + pagePositions, knownUpTo));
    yield changes.map(({ json }) => JSON.parse(String(json)) as LostEvent);
    if (upTo === after) return;
    after = upTo;
  }
}

/** The end of each partition, as a signed checkpoint or a data folder knows it. */
export interface KnownPositions {
  /** The epoch in which the positions were given out. */
  readonly epoch: string;
  readonly positions: readonly { readonly partition: number; readonly position: number }[];
}

/**
 * The parts that the source knows and the log does not have. If the log does not know the epoch,
 * none of its positions can be relied on.
 */
export async function lostSince(
  { pool }: Pick<EventLogConnection, 'pool'>,
  epochs: LogEpochs,
  { epoch, positions }: KnownPositions,
): Promise<LostPart[]> {
  const heads = await readHeadPositions(pool);
  return positions.flatMap(({ partition, position }) => {
    const keptUpTo = Math.min(position, epochs.validUpTo(epoch, partition) ?? 0, heads.get(partition) ?? 0);
    return keptUpTo < position ? [{ partition, keptUpTo, knownUpTo: position }] : [];
  });
}

async function checkpointOf(models: ReadModels, partition: number): Promise<number> {
  const [text] = await fromLive(models, orderHistory, (live) =>
    live.read([['GET', models.keys.checkpoint(live.id, partition)]]),
  );
  return decodeCheckpoint(text as string | null).position;
}

/** The last position, up to `upTo`, at which the read model and the log have the same event. */
async function commonUpTo(
  pool: EventLogConnection['pool'],
  models: ReadModels,
  partition: number,
  upTo: number,
): Promise<number> {
  if (await isSameAt(pool, models, partition, upTo)) return upTo;
  // Each hash covers all events before it: if a position has the same hash, so have all before.
  let same = 0;
  let different = upTo;
  while (different - same > 1) {
    const middle = Math.floor((same + different) / 2);
    if (await isSameAt(pool, models, partition, middle)) same = middle;
    else different = middle;
  }
  return same;
}

/** Compares the last event up to a position that belongs to an order. */
async function isSameAt(
  pool: EventLogConnection['pool'],
  models: ReadModels,
  partition: number,
  upTo: number,
): Promise<boolean> {
  for (let position = upTo; position > 0; position -= 1) {
    const { chunk, index } = chunkOf(position);
    const [text] = await fromLive(models, orderHistory, (live) =>
      live.read([['LINDEX', orderHistoryKeys(live.keys(partition)).events(chunk), index]]),
    );
    // Operator events and skipped events have no entry.
    if (typeof text !== 'string' || text === '') continue;
    const [event] = await readPartition(pool, partition, position - 1, 1);
    return event?.position === position && event.hash.toString('hex') === decodeHistoryEntry(chunk, text).hash;
  }
  return true;
}
