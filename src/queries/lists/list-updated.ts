import type { EventPosition } from '../../log-epochs.js';
import type { Order } from '../../orders/order.js';
import { orderJson } from '../../orders/order-document.js';
import { utcMs } from '../../orders/values/utc-time.js';
import { decodeCheckpoint } from '../../read-models/checkpoint.js';
import { longId } from '../../read-models/encoding/short-id.js';
import { orderStatus, orderStatusKeys } from '../../read-models/order-status.js';
import { ReadModelUnavailable } from '../../read-models/read-model-unavailable.js';
import { sliceFor } from '../../yield-to-event-loop.js';
import type { GenerationReader } from '../generation-reader.js';
import { queryLimits as limits } from '../limits.js';
import { fromLive, type ReadModels } from '../live-generation.js';
import { cursorContent, signedCursor } from './cursor.js';
import { matches, type OrderFilters } from './order-filters.js';
import type { OrderPage } from './order-page.js';
import { readOrders } from './read-orders.js';

export interface UpdatedFilters extends OrderFilters {
  /**
   * Only orders of which the last change was at or after this time, in ms since 1970. It chooses
   * the start: a cursor continues without it too.
   */
  readonly updatedSinceMs?: number;
}

/**
 * Returns a page of orders by their last change, oldest first. Its cursor is never null: it holds
 * the position of the last order read in each partition, and the next page begins after them. An
 * order that changes again appears again, so a client that follows the cursors misses no change.
 * Returns 'invalid-cursor' if no query with these filters, whatever its `updatedSinceMs`, issued
 * the cursor, and a position that the cursor holds if the log has lost it.
 */
export async function listUpdated(
  models: ReadModels,
  filters: UpdatedFilters,
  limit: number,
  cursor?: string,
): Promise<OrderPage | 'invalid-cursor' | { readonly lost: EventPosition }> {
  const { partitions, epochs } = models;
  const given = cursor === undefined ? undefined : decodeCursor(cursor, filters, partitions);
  if (cursor !== undefined && !given) return 'invalid-cursor';
  const lost = given?.find((position) => epochs.isLost(position));
  if (lost) return { lost };
  return fromLive(models, orderStatus, async (live) => {
    const { updatedSinceMs } = filters;
    const start = given
      ? given.map(({ position }) => position)
      : updatedSinceMs === undefined
        ? new Array<number>(partitions).fill(0)
        : await positionsBefore(live, partitions, updatedSinceMs);
    const { orders, positions } = await readUpdated(live, filters, limit, start);
    await checkApplied(models, live, start, positions);
    return { orders, nextCursor: encodeCursor(epochs.current, positions, filters) };
  });
}

/**
 * Throws ReadModelUnavailable if the cursor would pass changes by. Redis may have come back with an
 * older state after the index was read: the orders then lack the changes of their entries.
 */
async function checkApplied(
  { keys }: ReadModels,
  live: GenerationReader,
  start: readonly number[],
  end: readonly number[],
): Promise<void> {
  const checkpoints = await live.read(end.map((_, partition) => ['GET', keys.checkpoint(live.id, partition)]));
  for (const [partition, position] of end.entries()) {
    // An earlier page may have read more than there is now, and this one nothing.
    if (position === start[partition]) continue;
    const checkpoint = decodeCheckpoint(checkpoints[partition] as string | null).position;
    if (position > checkpoint)
      throw new ReadModelUnavailable(`partition ${partition} went back from ${position} to ${checkpoint} meanwhile`);
  }
}

/** An entry of the index, with its order. */
interface Entry {
  readonly position: number;
  readonly order: Order | undefined;
}

async function readUpdated(
  live: GenerationReader,
  filters: UpdatedFilters,
  limit: number,
  start: readonly number[],
): Promise<{ orders: string[]; positions: number[] }> {
  const positions = [...start];
  const orders: string[] = [];
  let length = 0;
  let scanned = 0;
  let scannedBytes = 0;
  const { updatedSinceMs = Number.NEGATIVE_INFINITY } = filters;
  const isWanted = (order: Order) => utcMs(order.updatedAt) >= updatedSinceMs && matches(order, filters);
  const fewest = 2 * (limit + 1);
  let wanted = fewest;
  for (;;) {
    const { queues, isLast, bytes } = await readNext(live, positions, wanted, isWanted);
    scannedBytes += bytes;
    const slice = await sliceFor(bytes);
    for (;;) {
      if (slice.isOver) await slice.yield();
      const next = oldest(queues);
      if (next === undefined) break;
      const entry = queues[next]?.shift();
      const { order } = entry ?? {};
      if (order && isWanted(order)) {
        const json = orderJson(order);
        const isFull = orders.length === limit || length + json.length > limits.maxPageLength;
        if (isFull && orders.length > 0) return { orders, positions };
        orders.push(json);
        length += json.length;
      }
      positions[next] = entry?.position ?? 0;
      scanned += 1;
      // The next order of this partition may be older than those of the others.
      if (queues[next]?.length === 0 && !isLast[next]) break;
    }
    const isOver = scanned >= limits.maxScannedPerPage || scannedBytes >= limits.maxScannedBytes;
    if (isOver || isLast.every(Boolean)) return { orders, positions };
    // The more orders do not match, the more are read per round trip.
    wanted = Math.max(fewest, Math.min(wanted * 2, limits.maxScannedPerRead));
  }
}

/** The partition whose next order changed first. */
function oldest(queues: readonly (readonly Entry[])[]): number | undefined {
  let found: number | undefined;
  let first = '';
  for (const [partition, [entry]] of queues.entries()) {
    if (!entry) continue;
    const updatedAt = entry.order?.updatedAt ?? '';
    if (found !== undefined && updatedAt >= first) continue;
    found = partition;
    first = updatedAt;
  }
  return found;
}

/**
 * Reads the next orders of all partitions, about as many as wanted. Each partition has at least
 * one, unless it has no more.
 */
async function readNext(
  live: GenerationReader,
  positions: readonly number[],
  wanted: number,
  isWanted: (order: Order) => boolean,
) {
  const share = Math.ceil(wanted / positions.length) + 2;
  const replies = await live.read(
    positions.map((position, partition) => {
      const { updated } = orderStatusKeys(live.keys(partition));
      return ['ZRANGE', updated, `(${position}`, '+inf', 'BYSCORE', 'LIMIT', 0, share, 'WITHSCORES'];
    }),
  );
  const members = replies.map(membersWithScores);
  const queues: Entry[][] = members.map(() => []);
  const isLast = members.map((ofPartition) => ofPartition.length < share);
  let bytes = 0;
  // The first of each partition come first, then the second: all are needed to know the oldest.
  const all = Array.from({ length: share }, (_, nth) =>
    members.flatMap((ofPartition, partition) => {
      const one = ofPartition[nth];
      return one ? [{ ...one, partition }] : [];
    }),
  ).flat();
  for (let at = 0; at < all.length; ) {
    const read = await readOrders(
      live,
      positions.length,
      all.slice(at).map(({ id }) => id),
      isWanted,
    );
    for (const order of read.found) {
      const { partition, position } = all[at] ?? { partition: 0, position: 0 };
      queues[partition]?.push({ position, order });
      at += 1;
    }
    bytes += read.bytes;
    // Large orders: a part of them suffices once each partition has its next one.
    const isEnough = bytes >= limits.maxReadBytes && at >= positions.length;
    if (!isEnough) continue;
    for (const { partition } of all.slice(at)) isLast[partition] = false;
    break;
  }
  return { queues, isLast, bytes };
}

/** The reply of a command WITHSCORES, as pairs or as one flat list. */
function membersWithScores(reply: unknown): { readonly id: string; readonly position: number }[] {
  const values = (reply as (string | number | readonly (string | number)[])[]).flat();
  const members: { id: string; position: number }[] = [];
  for (let at = 0; at + 1 < values.length; at += 2)
    members.push({ id: longId(String(values[at])), position: Number(values[at + 1]) });
  return members;
}

/**
 * Finds, by bisection, a position of each partition up to which every order changed before a time.
 * It is the last such position unless orders change meanwhile: an order that changes between the
 * reads of its index entry and of itself seems to be newer than its place. The position then lies
 * too early, never too late, so the caller checks the times of the orders behind it.
 */
async function positionsBefore(live: GenerationReader, partitions: number, sinceMs: number): Promise<number[]> {
  const keys = Array.from({ length: partitions }, (_, partition) => orderStatusKeys(live.keys(partition)).updated);
  const sizes = await live.read(keys.map((key) => ['ZCARD', key]));
  const searches = keys.map((key, partition) => ({ key, partition, from: 0, to: Number(sizes[partition]), before: 0 }));
  for (;;) {
    const open = searches.filter(({ from, to }) => from < to);
    if (open.length === 0) return searches.map(({ before }) => before);
    const middles = open.map(({ from, to }) => Math.floor((from + to) / 2));
    const replies = await live.read(
      open.map(({ key }, nth) => ['ZRANGE', key, middles[nth] ?? 0, middles[nth] ?? 0, 'WITHSCORES']),
    );
    const samples = replies.map((reply) => membersWithScores(reply)[0]);
    const ids = samples.flatMap((sample) => (sample ? [sample.id] : []));
    const times = new Map<string, number>();
    for (let at = 0; at < ids.length; ) {
      const { found } = await readOrders(live, partitions, ids.slice(at), () => false);
      for (const order of found) if (order) times.set(order.orderId, utcMs(order.updatedAt));
      at += found.length;
    }
    for (const [nth, search] of open.entries()) {
      const sample = samples[nth];
      const middle = middles[nth] ?? 0;
      if (sample && (times.get(sample.id) ?? sinceMs) < sinceMs) {
        search.before = sample.position;
        search.from = middle + 1;
      } else {
        search.to = middle;
      }
    }
  }
}

/**
 * The query that a cursor belongs to. Its positions stand for the start, so that the next
 * synchronisation needs the cursor alone.
 */
function boundTo({ updatedSinceMs: _, ...filters }: UpdatedFilters) {
  return ['updated', filters] as const;
}

/** The epoch, and the position in each partition in base 36. */
function encodeCursor(epoch: string, positions: readonly number[], filters: UpdatedFilters): string {
  const content = `${epoch}/${positions.map((position) => position.toString(36)).join('.')}`;
  return signedCursor(content, boundTo(filters));
}

function decodeCursor(cursor: string, filters: UpdatedFilters, partitions: number): EventPosition[] | undefined {
  const content = cursorContent(cursor, boundTo(filters));
  if (content === undefined) return undefined;
  const [epoch = '', positions = ''] = content.split('/');
  const numbers = positions.split('.').map((word) => Number.parseInt(word, 36));
  if (numbers.length !== partitions || numbers.some(Number.isNaN)) return undefined;
  return numbers.map((position, partition) => ({ partition, position, epoch }));
}
