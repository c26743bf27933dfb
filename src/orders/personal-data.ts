import type { OrderEvent } from './events.js';

/** Replaces the personal data of a person who was forgotten. */
export const erasedText = '[erased]';

/**
 * The personal fields of each event type, by their stored names, with the value that replaces each
 * one after its person was forgotten. A field that is null holds no personal data. All other fields
 * (items, amounts, reasons, references, carrier) count as not personal; callers must keep personal
 * data out of them.
 */
const personalFields: Readonly<Partial<Record<OrderEvent['type'], Readonly<Record<string, unknown>>>>> = {
  OrderPlaced: { user_id: erasedText, metadata: {} },
  OrderAmended: { metadata: {} },
  OrderShipped: { tracking_number: erasedText },
  OrderShipmentTracked: { tracking_number: erasedText },
  OrderNoteAdded: { text: erasedText },
};

/** Splits an event's data into its personal fields (undefined if there are none) and the rest. */
export function splitPersonalData(
  type: string,
  data: object,
): { personal: Record<string, unknown> | undefined; rest: Record<string, unknown> } {
  const fields = erasedFields(type);
  const isPersonal = ([name, value]: [string, unknown]) => Object.hasOwn(fields, name) && value !== null;
  const personal = Object.fromEntries(Object.entries(data).filter(isPersonal));
  const rest = Object.fromEntries(Object.entries(data).filter((field) => !isPersonal(field)));
  return { personal: Object.keys(personal).length > 0 ? personal : undefined, rest };
}

/** Returns the values that replace the personal fields of an event of this type. */
export function erasedFields(type: string): Readonly<Record<string, unknown>> {
  return personalFields[type as OrderEvent['type']] ?? {};
}
