import type { Order } from '../api/types.js';
import type { FieldSpec } from './command-specs.js';
import { itemsOf, type LineText } from './lines-editor.js';

/** The input of the user in the form of a command. */
export interface Values {
  readonly texts: Readonly<Record<string, string>>;
  readonly checks: Readonly<Record<string, boolean>>;
  /** Units by line; empty texts are lines that are left out. */
  readonly units: Readonly<Record<string, string>>;
  readonly lines: readonly LineText[];
}

export function initialValues(fields: readonly FieldSpec[], order: Order): Values {
  const texts: Record<string, string> = {};
  for (const field of fields) {
    if (field.kind === 'select') texts[field.name] = field.options[0]?.[0] ?? '';
    else if ('initial' in field && field.initial !== undefined) texts[field.name] = field.initial;
  }
  return { texts, checks: {}, units: {}, lines: linesOf(order) };
}

/** The body of the command. Fields that the user left as they were, or empty, are left out. */
export function commandBody(fields: readonly FieldSpec[], values: Values, order: Order): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const field of fields) {
    const value = bodyValue(field, values, order);
    if (value !== undefined) body[field.name] = value;
  }
  return body;
}

function bodyValue(field: FieldSpec, values: Values, order: Order): unknown {
  switch (field.kind) {
    case 'check':
      return values.checks[field.name] ? true : undefined;
    case 'units': {
      const chosen = Object.entries(values.units).filter(([, text]) => Number(text) > 0);
      return chosen.length === 0
        ? undefined
        : chosen.map(([lineId, text]) => ({ line_id: lineId, quantity: Number(text) }));
    }
    case 'lines':
      return JSON.stringify(values.lines) === JSON.stringify(linesOf(order)) ? undefined : itemsOf(values.lines);
    case 'select':
      return values.texts[field.name] || undefined;
    default: {
      const text = values.texts[field.name]?.trim() ?? '';
      return text === '' || ('initial' in field && text === field.initial) ? undefined : text;
    }
  }
}

function linesOf({ items }: Order): LineText[] {
  return items.map(({ item_id, quantity, unit_price }, id) => ({
    id,
    item: item_id,
    quantity: String(quantity),
    price: unit_price === undefined ? '' : String(unit_price),
  }));
}
