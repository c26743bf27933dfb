import { randomUUID } from 'node:crypto';
import type { Random } from '../support/random.js';

/** The keywords of a JSON schema that the generator knows. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxProperties?: number;
  readonly pattern?: string;
  readonly format?: string;
}

/** Ids from the service's responses. With random ids, almost every command would meet no order. */
export interface Known {
  readonly orders: string[];
  readonly webhooks: string[];
  /** Event-Positions. With other positions the service would wait, and rightly respond 503. */
  readonly positions: string[];
}

/** A value that is valid for a schema. */
export function validValue(random: Random, schema: Schema, known: Known, resolve: (ref: string) => Schema): unknown {
  const value = (one: Schema) => validValue(random, one, known, resolve);
  if (schema.$ref !== undefined) return value(resolve(schema.$ref));
  if (schema.enum) return random.pick(schema.enum);
  const type = typeof schema.type === 'string' ? schema.type : random.pick(schema.type ?? ['string']);
  switch (type) {
    case 'object': {
      const either = schema.oneOf ? new Set(random.pick(schema.oneOf).required) : undefined;
      const alternatives = new Set(schema.oneOf?.flatMap(({ required = [] }) => required));
      const entries = Object.entries(schema.properties ?? {}).filter(
        ([name]) =>
          schema.required?.includes(name) || (alternatives.has(name) ? either?.has(name) : random.chance(0.4)),
      );
      const more = typeof schema.additionalProperties === 'object' ? random.integer(0, 3) : 0;
      for (let nth = 0; nth < more; nth += 1) entries.push([`key ${nth}`, schema.additionalProperties as Schema]);
      return Object.fromEntries(entries.map(([name, one]) => [name, value(one)]));
    }
    case 'array': {
      const length = random.integer(schema.minItems ?? 0, Math.min(schema.maxItems ?? 4, 4));
      const items = Array.from({ length }, () => value(schema.items ?? {}));
      return [...new Set(items.map((item) => JSON.stringify(item)))].map((text) => JSON.parse(text) as unknown);
    }
    case 'integer':
      return random.integer(schema.minimum ?? 0, Math.min(schema.maximum ?? 1_000, (schema.minimum ?? 0) + 20));
    case 'number':
      return random.integer(0, 10_000) / 100;
    case 'boolean':
      return random.chance(0.5);
    default:
      return text(random, schema, known);
  }
}

function text(
  random: Random,
  { pattern = '', format, minLength = 0, maxLength = 40, type }: Schema,
  known: Known,
): string {
  if (format === 'date-time')
    return new Date(Date.UTC(2020, random.integer(0, 60), 1, random.integer(0, 23))).toISOString();
  if (pattern.includes('{8}')) return random.chance(0.1) ? randomUUID() : random.pick(known.orders);
  if (pattern.startsWith('^https')) return `https://receiver-${random.integer(1, 9)}.invalid/hook`;
  if (pattern.includes(':\\d')) return `${random.integer(0, 3)}:${random.integer(1, 9)}`;
  if (pattern.includes('|\\*')) return `"${random.integer(1, 4)}"`;
  if (Array.isArray(type) && type.includes('number')) return (random.integer(0, 10_000) / 100).toFixed(2);
  const letters = Array.from({ length: random.integer(Math.max(1, minLength), Math.min(maxLength, 20)) }, () =>
    random.pick([...'abcdefghij 0123456789', ...(pattern.includes('x20') ? [] : ['é', 'ß', '中', '😀'])]),
  );
  return letters.join('').slice(0, maxLength);
}

/** Values that often break software: other types, limits of numbers, other scripts, injections. */
const absurdities: readonly unknown[] = [
  ...[null, true, [], {}, '', 0, -1, 1e308, -1e-308, 2 ** 53, 0.1 + 0.2, 1e21, '1e3', 'NaN', '-0', '0x10', '１２'],
  ...[
    '\u0000',
    '\ud800',
    '\u202e',
    'a'.repeat(3_000),
    '’; drop table events; --',
    '{{7*7}}',
    '../../etc/passwd',
    '%00',
    '=1+1',
  ],
  ...[
    [[[[[[[[[[[[]]]]]]]]]]]],
    { __proto__: null, constructor: { prototype: { admin: true } } },
    Array(2_000).fill('a'),
  ],
];

/** Changes one part of a value: removes it, adds to it, or replaces it with an absurd value. */
export function nearlyValid(random: Random, value: unknown): unknown {
  if (Array.isArray(value) && value.length > 0 && random.chance(0.8)) {
    const index = random.integer(0, value.length - 1);
    return random.chance(0.2) ? [...value, ...value] : value.with(index, nearlyValid(random, value[index]));
  }
  if (value !== null && typeof value === 'object' && random.chance(0.9)) {
    const entries = Object.entries(value);
    const index = random.integer(0, entries.length);
    const entry = entries[index];
    if (!entry)
      return { ...value, [random.pick(['__proto__x', 'unknown', 'order_id', 'status'])]: random.pick(absurdities) };
    if (random.chance(0.2)) return Object.fromEntries(entries.filter((_, nth) => nth !== index));
    return { ...value, [entry[0]]: nearlyValid(random, entry[1]) };
  }
  return random.pick(absurdities);
}
