import { pointerPart } from '../../json-pointer.js';
import { count, type FromSchema, list, object, uuid } from '../../json-schema.js';
import type { Order } from '../../orders/order.js';
import { type OrderDocument, orderDocument } from '../../orders/order-document.js';
import { orderPartition } from '../../orders/values/partition.js';
import { sliceFor, TimeSlice } from '../../yield-to-event-loop.js';
import { queryLimits as limits } from '../limits.js';
import type { ReadModels } from '../live-generation.js';
import { foldToVersion } from './fold-history.js';
import {
  applyEntry,
  type FieldChange,
  fieldChangeSchema,
  type HistoryPage,
  historyDocument,
  historyEntries,
  type OrderHistory,
  readPositions,
} from './get-order-history.js';

export const changesBetweenVersionsSchema = object({
  order_id: uuid,
  from_version: count,
  to_version: count,
  changes: list(fieldChangeSchema),
});

export type ChangesBetweenVersions = FromSchema<typeof changesBetweenVersionsSchema>;

/**
 * The page with the fields of the order that each of its events changed. The page ends early once
 * `maxComparedLines` were compared, or before the event whose changes exceed `maxPageLength`. It
 * has at least one event. Yields to the event loop.
 */
export async function withChanges(models: ReadModels, page: HistoryPage): Promise<OrderHistory> {
  const { orderId, entries, version } = page;
  const partition = orderPartition(orderId, models.partitions);
  const after = (entries[0]?.version ?? 1) - 1;
  let order = after === 0 ? undefined : await foldToVersion(models, orderId, after);
  let fields = fieldsOf(order);
  const changes: FieldChange[][] = [];
  const slice = new TimeSlice();
  let compared = 0;
  let length = 0;
  for (const entry of entries) {
    if (slice.isOver) await slice.yield();
    const before = order;
    const fieldsBefore = fields;
    order = applyEntry(order, orderId, partition, entry);
    fields = fieldsOf(order, before, fieldsBefore);
    const changed = differences(fieldsBefore, fields);
    length += JSON.stringify(changed).length;
    if (length > limits.maxPageLength && changes.length > 0) break;
    changes.push(changed);
    if (fields.lines !== fieldsBefore.lines) compared += (before?.items.length ?? 0) + order.items.length;
    if (compared >= limits.maxComparedLines) break;
  }
  const last = after + changes.length;
  const shown = { ...page, entries: entries.slice(0, changes.length), nextAfter: last < version ? last : null };
  return historyDocument(shown, changes);
}

/**
 * Returns the fields that differ between two versions of an order, or undefined if it has no such
 * version. Version 0 is the time before the order was placed.
 */
export async function changesBetweenVersions(
  models: ReadModels,
  orderId: string,
  from: number,
  to: number,
): Promise<ChangesBetweenVersions | undefined> {
  const [first, last] = from < to ? [from, to] : [to, from];
  const positions = await readPositions(models, orderId);
  if (positions.length < Math.max(1, last)) return undefined;
  const partition = orderPartition(orderId, models.partitions);
  let order: Order | undefined;
  let atFirst: Order | undefined;
  for await (const { entries, bytes } of historyEntries(models, orderId, positions.slice(0, last))) {
    const slice = await sliceFor(bytes);
    for (const entry of entries) {
      if (slice.isOver) await slice.yield();
      order = applyEntry(order, orderId, partition, entry);
      if (order.version === first) atFirst = order;
    }
  }
  const at = (version: number) => fieldsOf(version === 0 ? undefined : version === first ? atFirst : order);
  return { order_id: orderId, from_version: from, to_version: to, changes: differences(at(from), at(to)) };
}

/**
 * Fields that no comparison lists: every event changes two of them, and the lines have the third.
 */
const omitted = new Set(['/version', '/updated_at', '/item_ids']);

/** The fields of an order by JSON pointer. */
interface Fields {
  readonly head: ReadonlyMap<string, unknown>;
  /** The fields of an order's lines are under the item's id, or under it and the line's id. */
  readonly lines: ReadonlyMap<string, unknown>;
}

function differences(from: Fields, to: Fields): FieldChange[] {
  const head = differencesOf(from.head, to.head);
  return from.lines === to.lines ? head : [...head, ...differencesOf(from.lines, to.lines)];
}

function differencesOf(old: ReadonlyMap<string, unknown>, now: ReadonlyMap<string, unknown>): FieldChange[] {
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((pointer): FieldChange[] => {
    if (omitted.has(pointer)) return [];
    const [before, after] = [old.get(pointer), now.get(pointer)];
    if (before === after || JSON.stringify(before) === JSON.stringify(after)) return [];
    return [{ pointer, ...(old.has(pointer) ? { before } : {}), ...(now.has(pointer) ? { after } : {}) }];
  });
}

/**
 * The fields of an order by JSON pointer. Those of a shipment are under its shipment_id.
 *
 * @param previous the order before its last event. Most events change no line, and the order then
 *   keeps its list of lines: their fields are taken over.
 */
function fieldsOf(order: Order | undefined, previous?: Order, previousFields?: Fields): Fields {
  const head = new Map<string, unknown>();
  if (!order) return { head, lines: new Map() };
  const { items, shipments, metadata, ...document } = orderDocument(order);
  addAll(head, [], document);
  for (const { shipment_id, ...shipment } of shipments) addAll(head, ['shipments', shipment_id], shipment);
  addAll(head, ['metadata'], metadata);
  if (previousFields && previous?.items === order.items) return { head, lines: previousFields.lines };
  const lines = new Map<string, unknown>();
  const several = itemsOfSeveralLines(items);
  for (const { item_id, line_id, ...line } of items) {
    addAll(lines, several.has(item_id) ? ['items', item_id, line_id] : ['items', item_id], line);
  }
  return { head, lines };
}

/** The items that have several lines: the pointers to these lines have the line's id as well. */
function itemsOfSeveralLines(items: OrderDocument['items']): ReadonlySet<string> {
  const [seen, several] = [new Set<string>(), new Set<string>()];
  for (const { item_id } of items) {
    if (seen.has(item_id)) several.add(item_id);
    seen.add(item_id);
  }
  return several;
}

function addAll(fields: Map<string, unknown>, path: readonly string[], values: object): void {
  const prefix = path.map((part) => `/${pointerPart(part)}`).join('');
  for (const [name, value] of Object.entries(values)) fields.set(`${prefix}/${pointerPart(name)}`, value);
}
