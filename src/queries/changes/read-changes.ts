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
import type { GenerationReader, ListRange } from '../generation-reader.js';
import { queryLimits as limits } from '../limits.js';
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
  /**
   * A ChangeDocument as JSON text. A long one is in bytes, which are sent to any number of
   * followers without a copy.
   */
  readonly json: string | Buffer;
}

/** Changes of a partition in order. No change up to the position `upTo` is missing. */
export interface ChangesUpTo {
  readonly changes: readonly Change[];
  readonly upTo: number;
}

/**
 * Reads the changes of a partition after one position and up to another, or up to the checkpoint if
 * that is lower. Ends early, after at least one position, once `maxFeedBytes` were read. Rejects
 * with ReadModelUnavailable.
 */
export function readChanges(models: ReadModels, partition: number, after: number, to: number): Promise<ChangesUpTo> {
  return fromLive(models, orderHistory, async (live) => {
    const [checkpoint] = await live.read([['GET', models.keys.checkpoint(live.id, partition)]]);
    // A rebuilt read model may still be behind the reader: the reader's position never goes back.
    const end = Math.max(after, Math.min(to, decodeCheckpoint(checkpoint as string | null).position));
    // A list ends at its last event of an order. Positions behind it hold events of no order, such
    // as those of operators. If Redis came back with an older state since the checkpoint was read,
    // nothing is returned, and the reader waits.
    const ranges = rangesOf(live, partition, after, end);
    const { texts } = await live.readRanges(partition, ranges, limits.maxFeedBytes, end);
    const entries = texts.flatMap((text, index) =>
      text === '' ? [] : decodeHistoryEntry(chunkOf(after + 1 + index).chunk, text),
    );
    const firsts = await readFirsts(live, partition, entries);
    const known = entries.findIndex(({ firstPosition }) => !firsts.has(firstPosition));
    const unknown = known < 0 ? undefined : entries[known];
    return {
      changes: entries.slice(0, known < 0 ? undefined : known).map((entry) => {
        const shown = models.epochs.format(partition, entry.position);
        return changeOf(partition, shown, entry, firsts.get(entry.firstPosition));
      }),
      upTo: unknown ? unknown.position - 1 : after + texts.length,
    };
  });
}

/** The ranges of the lists that hold the entries after one position and up to another. */
function rangesOf(live: GenerationReader, partition: number, after: number, end: number): ListRange[] {
  const { events } = orderHistoryKeys(live.keys(partition, 'part'));
  const ranges: ListRange[] = [];
  for (let position = after + 1; position <= end; ) {
    const { chunk, index } = chunkOf(position);
    let last = position;
    while (last < end && chunkOf(last + 1).chunk === chunk) last += 1;
    ranges.push({ key: events(chunk), first: index, last: index + last - position });
    position = last + 1;
  }
  return ranges;
}

/**
 * The first entries of the orders of these entries, by position: only an order's first entry holds
 * its id and its user. Once `maxFeedLookupBytes` were read, the entries of further orders are
 * missing.
 */
async function readFirsts(
  live: GenerationReader,
  partition: number,
  entries: readonly HistoryEntry[],
): Promise<ReadonlyMap<number, HistoryEntry>> {
  const { events } = orderHistoryKeys(live.keys(partition, 'part'));
  const firsts = new Map(entries.flatMap((entry) => (isFirst(entry) ? [[entry.position, entry]] : [])));
  const missing = [...new Set(entries.map(({ firstPosition }) => firstPosition))].filter((one) => !firsts.has(one));
  const ranges = missing.map((position) => {
    const { chunk, index } = chunkOf(position);
    return { key: events(chunk), first: index, last: index };
  });
  const { texts, ended } = await live.readRanges(partition, ranges, limits.maxFeedLookupBytes);
  // Ending early here would wait for ever: the missing entry does not appear by itself.
  if (ended === 'short') {
    throw new ReadModelUnavailable(`partition ${partition}: the first entry of an order is missing`);
  }
  for (const [index, text] of texts.entries()) {
    const position = missing[index] ?? 0;
    firsts.set(position, decodeHistoryEntry(chunkOf(position).chunk, text));
  }
  return firsts;
}

function isFirst({ position, firstPosition }: HistoryEntry): boolean {
  return position === firstPosition;
}

/** @param first the first entry of the same order. */
function changeOf(
  partition: number,
  shownPosition: string,
  entry: HistoryEntry,
  first: HistoryEntry | undefined,
): Change {
  const { position, firstPosition, version, type, data, metadata, occurred_at, recorded_at } = entry;
  if (first?.orderId === undefined)
    throw new ReadModelUnavailable(`partition ${partition}: no order begins at position ${firstPosition}`);
  const { orderId } = first;
  const json = JSON.stringify(
    changeDocument(shownPosition, {
      order_id: orderId,
      version,
      type,
      data,
      actor: metadata.actor,
      occurred_at,
      recorded_at,
    }),
  );
  return {
    partition,
    position,
    orderId,
    userId: (first.data as { user_id?: string }).user_id,
    isErasure: type === 'OrderPersonErased',
    json: json.length > limits.maxFeedBytes ? Buffer.from(json) : json,
  };
}
