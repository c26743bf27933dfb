import { erasedFields } from '../orders/personal-data.js';
import {
  chunkOf,
  decodePositions,
  encodeHistoryEntry,
  encodePositions,
  firstPositionOf,
  isSealedEntry,
  orderHistory,
  orderHistoryKeys,
  readableHistoryEntry,
  withData,
} from '../read-models/order-history.js';
import type { RedisCommand } from '../read-models/redis/redis-command.js';
import { type ProjectedEvent, type Projection, StepTooLarge } from './projection.js';
import { rememberedOrders } from './remembered-orders.js';

interface HistoryState {
  /** The list that gets the next event, and its length. */
  list: { readonly chunk: number; readonly length: number };
  /** The encoded positions of each known order's events. */
  readonly positions: Map<string, string>;
  /** By order whose person these events erase: its present entries by position. */
  readonly erased: ReadonlyMap<string, ReadonlyMap<number, string>>;
}

/**
 * Appends each event to the partition's list of events, and its position to the positions of its
 * order. When the person of an order is erased, the order's entries are written again without
 * personal data.
 */
export const orderHistoryProjection: Projection<HistoryState> = {
  ...orderHistory,
  readable: readableHistoryEntry,

  async load(events, partitionKeys, read, last) {
    const key = orderHistoryKeys(partitionKeys);
    const { chunk } = chunkOf(events[0]?.stored.position ?? 1);
    const listLength = last
      ? lengthAfter(last, chunk)
      : read([['LLEN', key.events(chunk)]]).then(([length]) => Number(length));
    const orderPositions = rememberedOrders(
      events,
      (orderId) => last?.positions.get(orderId),
      read,
      (orderId) => [key.order(orderId)],
      (_, text) => text,
    );
    const [length, positions] = await Promise.all([listLength, orderPositions]);
    const erased = new Map<string, Map<number, string>>();
    let bytes = 0;
    for (const { stored } of events.filter(isErasure)) {
      const text = positions.get(stored.orderId);
      if (text === undefined) continue;
      // The entries of one order are bounded by `maxStreamBytes`, those of a step must be too.
      if (bytes >= maxErasedBytes) throw new StepTooLarge(stored.position);
      const before = decodePositions(text);
      const entries = await read(
        before.map((position) => {
          const { chunk, index } = chunkOf(position);
          return ['LINDEX', key.events(chunk), index];
        }),
      );
      const texts = before.map((position, index): [number, string] => {
        const text = entries[index];
        if (typeof text !== 'string') throw new Error(`order ${stored.orderId} has no entry for position ${position}`);
        bytes += text.length;
        return [position, text];
      });
      erased.set(stored.orderId, new Map(texts.filter(([, text]) => isSealedEntry(text))));
    }
    return { list: { chunk, length }, positions, erased };
  },

  project(events, partitionKeys, state) {
    const { positions, erased } = state;
    const key = orderHistoryKeys(partitionKeys);
    /** The new entries of each list. */
    const appended = new Map<number, string[]>();
    /** The positions of each order's new events. */
    const newPositions = new Map<string, number[]>();
    const erasedOrders = new Set(events.filter(isErasure).map(({ stored }) => stored.orderId));
    let lastChunk = -1;
    let list: string[] = [];
    let end = state.list.length;
    for (const { stored } of events) {
      const { chunk, index } = chunkOf(stored.position);
      if (chunk !== lastChunk) {
        if (lastChunk >= 0) end = 0;
        lastChunk = chunk;
        list = [];
        appended.set(chunk, list);
      }
      if (end > index)
        throw new Error(`the list of events ${chunk} already reaches beyond position ${stored.position}`);
      // An operator event or a skipped event takes an empty entry, so that indexes match positions.
      for (; end < index; end += 1) list.push('');
      const before = positions.get(stored.orderId);
      let added = newPositions.get(stored.orderId);
      if (!added) {
        added = [];
        newPositions.set(stored.orderId, added);
      }
      added.push(stored.position);
      const firstPosition = before === undefined ? (added[0] ?? stored.position) : firstPositionOf(before);
      const entry = encodeHistoryEntry(stored, firstPosition);
      list.push(erasedOrders.has(stored.orderId) ? withoutPersonalData(entry) : entry);
      end += 1;
    }
    const writes = [...appended].map(([chunk, entries]): RedisCommand => ['RPUSH', key.events(chunk), ...entries]);
    for (const [orderId, added] of newPositions) {
      const text = encodePositions(positions.get(orderId), added);
      positions.set(orderId, text);
      writes.push(['HSET', ...key.order(orderId), text]);
    }
    for (const entries of erased.values()) {
      for (const [position, text] of entries) {
        const { chunk, index } = chunkOf(position);
        writes.push(['LSET', key.events(chunk), index, withoutPersonalData(text)]);
      }
    }
    state.list = { chunk: lastChunk, length: end };
    return writes;
  },
};

/** Bytes of entries that the erasures of one step read, before those of the last order. */
const maxErasedBytes = 4 * 1024 * 1024;

/** The length of a list after a step that ended in this list or an earlier one. */
function lengthAfter({ list }: HistoryState, chunk: number): number {
  return chunk === list.chunk ? list.length : 0;
}

function isErasure({ event }: ProjectedEvent): boolean {
  return event.type === 'OrderPersonErased';
}

function withoutPersonalData(entry: string): string {
  if (!isSealedEntry(entry)) return entry;
  return withData(entry, (type, given) => {
    const data = given as Record<string, unknown>;
    const erased = Object.entries(erasedFields(type)).filter(([name]) => data[name] !== null && name in data);
    return { ...data, ...Object.fromEntries(erased) };
  });
}
