import { pointerPart } from '../../json-pointer.js';
import { count, type FromSchema, list, object, uuid } from '../../json-schema.js';
import { evolve, fold } from '../../orders/evolve.js';
import type { Order } from '../../orders/order.js';
import { type OrderDocument, orderDocument } from '../../orders/order-document.js';
import type { ReadModels } from '../live-generation.js';
import {
  type FieldChange,
  fieldChangeSchema,
  type OrderHistory,
  readHistory,
  recordedFromEntry,
} from './get-order-history.js';

export const changesBetweenVersionsSchema = object({
  order_id: uuid,
  from_version: count,
  to_version: count,
  changes: list(fieldChangeSchema),
});

export type ChangesBetweenVersions = FromSchema<typeof changesBetweenVersionsSchema>;

/** Adds to each event the fields of the order that it changed. */
export async function withChanges(models: ReadModels, history: OrderHistory): Promise<OrderHistory> {
  const entries = await readHistory(models, history.order_id, history.events.length);
  let order: Order | undefined;
  const changes = entries.map((entry) => {
    const before = order && orderDocument(order);
    order = evolve(order, recordedFromEntry(history.order_id, entry));
    return changesBetween(before, orderDocument(order));
  });
  return { ...history, events: history.events.map((event, index) => ({ ...event, changes: changes[index] ?? [] })) };
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
  const entries = await readHistory(models, orderId, Math.max(from, to));
  if (entries.length < Math.max(from, to)) return undefined;
  const at = (version: number) => {
    const order = fold(entries.slice(0, version).map((entry) => recordedFromEntry(orderId, entry)));
    return order && orderDocument(order);
  };
  return { order_id: orderId, from_version: from, to_version: to, changes: changesBetween(at(from), at(to)) };
}

/** Fields that no comparison lists: every event changes two of them, and `items` has the third. */
const omitted = new Set(['/version', '/updated_at', '/item_ids']);

export function changesBetween(from: OrderDocument | undefined, to: OrderDocument | undefined): FieldChange[] {
  const [old, now] = [fieldsOf(from), fieldsOf(to)];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((pointer): FieldChange[] => {
    if (omitted.has(pointer)) return [];
    const [before, after] = [old.get(pointer), now.get(pointer)];
    if (JSON.stringify(before) === JSON.stringify(after)) return [];
    return [{ pointer, ...(old.has(pointer) ? { before } : {}), ...(now.has(pointer) ? { after } : {}) }];
  });
}

/** Returns all fields of the document by JSON pointer. An item's fields are under its item_id. */
function fieldsOf(document: OrderDocument | undefined): Map<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const [name, value] of Object.entries(document ?? {})) {
    if (name === 'items') {
      for (const { item_id, ...item } of (document as OrderDocument).items) {
        for (const [field, one] of Object.entries(item)) fields.set(`/items/${pointerPart(item_id)}/${field}`, one);
      }
    } else if (name === 'metadata') {
      for (const [key, one] of Object.entries(value as object)) fields.set(`/metadata/${pointerPart(key)}`, one);
    } else {
      fields.set(`/${name}`, value);
    }
  }
  return fields;
}
