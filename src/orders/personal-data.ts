import type { OrderEvent } from './events.js';

/** What stands in for personal data of somebody who was forgotten. */
export const erasedText = '[erased]';

/**
 * The personal data in an event's data: the fields, as they are stored, by name. A field that is null holds nothing about
 * anybody. Everything else of an event (items, amounts, reasons, references, carrier) is not personal data, and has to be kept free
 * of it by those who write it.
 */
const personalFields: Readonly<Partial<Record<OrderEvent['type'], Readonly<Record<string, unknown>>>>> = {
  OrderPlaced: { user_id: erasedText, metadata: {} },
  OrderShipped: { tracking_number: erasedText },
  OrderNoteAdded: { text: erasedText },
};

/** An event's data in two: what is about a person, and the rest. `personal` is undefined where there is nothing. */
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

/** What an event of this type shows in place of its personal data. */
export function erasedFields(type: string): Readonly<Record<string, unknown>> {
  return personalFields[type as OrderEvent['type']] ?? {};
}
