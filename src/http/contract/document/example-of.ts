import { isObject } from './describe-fields.js';
import { exampleValues, orderExample } from './example-values.js';

type Json = Readonly<Record<string, unknown>>;

/** Components whose parts have to fit each other. */
const wholeExamples: Json = { Order: orderExample };

const time = '2026-03-02T09:30:00.000Z';
const byFormat: Readonly<Record<string, string>> = {
  'date-time': time,
  'rfc3339-quarter': time,
  uuid: String(exampleValues.order_id),
};
const byType: Json = { integer: 1, number: 1, string: 'text', boolean: false, null: null };

/** Composes examples of schemas from the values of their fields. */
export class Examples {
  constructor(private readonly components: Json) {}

  /**
   * An example that the schema accepts.
   * @param name of the field that has the schema
   * @param component that the schema is part of
   */
  of(schema: unknown, name = '', component = ''): unknown {
    if (!isObject(schema)) return undefined;
    if (typeof schema.$ref === 'string') return this.ofComponent(schema.$ref.split('/').at(-1) ?? '');
    if ('const' in schema) return schema.const;
    const value = exampleValueOf(name, component);
    if (value !== undefined && fits(value, schema)) return value;
    if (Array.isArray(schema.enum)) return schema.enum[0];
    const { anyOf, allOf, items, properties } = schema;
    if (Array.isArray(anyOf)) return this.of(anyOf[0], name, component);
    if (Array.isArray(allOf)) return allOf.map((one) => this.of(one, name, component)).reduce(merge);
    if (isObject(properties)) return this.#ofProperties(properties, component);
    if (items !== undefined) return [this.of(items, name, component)];
    return leafExample(schema);
  }

  ofComponent(component: string): unknown {
    return wholeExamples[component] ?? this.of(this.components[component], component, component);
  }

  #ofProperties(properties: Json, component: string): Json {
    const entries = Object.entries(properties).map(([name, property]) => [name, this.of(property, name, component)]);
    // A normal case has none of these.
    return Object.fromEntries(entries.filter(([name]) => !['damaged', 'stopped'].includes(String(name))));
  }
}

export function exampleValueOf(name: string, component = ''): unknown {
  const own = `${component}.${name}`;
  return own in exampleValues ? exampleValues[own] : exampleValues[name];
}

function leafExample({ format, pattern, type, minimum }: Json): unknown {
  if (typeof pattern === 'string' && pattern.includes('[0-9a-f]{64}')) return exampleValues.sha256;
  if (typeof format === 'string' && format in byFormat) return byFormat[format];
  const first: unknown = Array.isArray(type) ? type[0] : type;
  if (first === 'integer' && typeof minimum === 'number') return Math.max(1, minimum);
  return first === 'object' ? {} : byType[String(first)];
}

/** Whether a value has a type of the schema, and is among its values. */
function fits(value: unknown, { type, enum: values, pattern, properties }: Json): boolean {
  if (properties !== undefined) return false;
  if (Array.isArray(values)) return values.includes(value);
  if (typeof value === 'string' && typeof pattern === 'string' && !new RegExp(pattern, 'u').test(value)) return false;
  if (type === undefined) return true;
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  if (value === null) return types.includes('null');
  if (Array.isArray(value)) return types.includes('array');
  if (typeof value === 'number')
    return types.includes('number') || (Number.isInteger(value) && types.includes('integer'));
  return types.includes(typeof value);
}

function merge(one: unknown, other: unknown): unknown {
  if (!isObject(one) || !isObject(other)) return other;
  const merged = Object.entries(other).map(([name, value]) => [name, merge(one[name], value)]);
  return { ...one, ...Object.fromEntries(merged) };
}
