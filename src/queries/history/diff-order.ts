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

/** Adds to each event what it changed, field by field. */
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
 * Returns the changes between two versions of an order; version 0 is before it was placed. Undefined
 * if the order has no such version.
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

/** What every event changes says nothing. */
const always = new Set(['/version', '/updated_at', '/item_ids']);

export function changesBetween(before: OrderDocument | undefined, after: OrderDocument | undefined): FieldChange[] {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((pointer): FieldChange[] => {
    if (always.has(pointer)) return [];
    const [one, other] = [old.get(pointer), now.get(pointer)];
    if (JSON.stringify(one) === JSON.stringify(other)) return [];
    return [{ pointer, ...(old.has(pointer) ? { before: one } : {}), ...(now.has(pointer) ? { after: other } : {}) }];
  });
}

/** Every field of the document by its pointer; the items' fields by item. */
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
