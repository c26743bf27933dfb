import { fieldDescriptions } from './field-descriptions.js';

type Json = Readonly<Record<string, unknown>>;

/** Returns the schema with a description of every property that has none, at any depth. */
export function describeFields(schema: Json, component = ''): Json {
  return described(schema, component) as Json;
}

function described(value: unknown, component: string): unknown {
  if (Array.isArray(value)) return value.map((one) => described(one, component));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([keyword, one]) => {
      if (keyword === 'properties' && isObject(one)) return [keyword, describedProperties(one, component)];
      return keyword === 'example' || keyword === 'enum' ? [keyword, one] : [keyword, described(one, component)];
    }),
  );
}

function describedProperties(properties: Json, component: string): Json {
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => {
      const schema = described(property, component);
      const description = fieldDescription(name, component);
      const isDescribed = !isObject(schema) || '$ref' in schema || 'description' in schema || description === undefined;
      return [name, isDescribed ? schema : { ...schema, description }];
    }),
  );
}

/** The meaning of a field, in a component if it has a meaning of its own there. */
export function fieldDescription(name: string, component = ''): string | undefined {
  return fieldDescriptions[`${component}.${name}`] ?? fieldDescriptions[name];
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
