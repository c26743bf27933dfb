import type { EventData } from './fold.js';
import { type Line, type OrderState, toShip } from './state.js';

/** Fields that the log holds encrypted if personal data is sealed (docs/privacy.md). */
export const sealedFields: readonly string[] = ['user_id', 'metadata', 'text', 'tracking_number'];

/**
 * Compares the data of an event with what the rules ask for. Null for all units, and the order of
 * lines, make no difference; sealed fields are not compared if the log has them encrypted.
 */
export function isSameEvent(
  before: OrderState | undefined,
  type: string,
  expected: EventData,
  actual: EventData,
): boolean {
  const ignored = actual.sealed === undefined ? [] : [...sealedFields, 'sealed'];
  return normalForm(before, type, expected, ignored) === normalForm(before, type, actual, ignored);
}

/** Compares the data of an event in a message with the data that it has to have, field by field. */
export function isSameData(expected: EventData, actual: unknown, unknown: readonly string[]): boolean {
  if (!isObject(actual)) return false;
  const ignored = [...unknown, 'sealed'];
  return sortedForm(withoutEmpty(expected), ignored) === sortedForm(withoutEmpty(actual), ignored);
}

/** Metadata without an entry may be left out. */
function withoutEmpty(data: object): object {
  return Object.fromEntries(
    Object.entries(data).filter(([name, value]) => name !== 'metadata' || Object.keys(value ?? {}).length > 0),
  );
}

function normalForm(before: OrderState | undefined, type: string, data: EventData, ignored: readonly string[]): string {
  return sortedForm({ ...data, ...explicitItems(before, type, data) }, ignored);
}

function sortedForm(data: object, ignored: readonly string[]): string {
  return JSON.stringify(
    Object.entries(data)
      .filter(([name, value]) => value !== undefined && !ignored.includes(name))
      .sort(([one], [other]) => (one < other ? -1 : 1)),
    (_, value) => (isObject(value) ? Object.fromEntries(Object.entries(value).sort()) : value),
  );
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function explicitItems(before: OrderState | undefined, type: string, data: EventData) {
  const available = allUnitsOf[type];
  if (!before || !available) return {};
  const units = data.items
    ? data.items.map(({ line_id, quantity, in_transit = 0 }) => [line_id, quantity, in_transit] as const)
    : before.lines.map((line) => [line.lineId, available(line), 0] as const);
  const items = units.filter(([, quantity]) => quantity > 0).sort(([one = ''], [other = '']) => (one < other ? -1 : 1));
  const isAll =
    items.reduce((sum, [, quantity]) => sum + quantity, 0) ===
    before.lines.reduce((sum, line) => sum + available(line), 0);
  // A delivery of everything needs no shipment.
  return type === 'OrderDelivered' && isAll ? { items, shipment_id: null } : { items };
}

/** The units that an event without `items` means, and the types whose items are units. */
const allUnitsOf: Record<string, (line: Line) => number> = {
  OrderShipped: toShip,
  OrderDelivered: (line) => line.inTransit,
  OrderCancelled: toShip,
  OrderReturned: () => 0,
};
