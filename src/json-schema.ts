import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';

/**
 * JSON schemas (2020-12) as values, and the TypeScript types that follow from them. A shape is
 * written once, as a schema beside the code that makes it: the compiler checks that code against
 * `FromSchema`, the OpenAPI document shows the schema, and `misfitFinder` checks stored values.
 */

export const text = { type: 'string' } as const;
export const count = { type: 'integer', minimum: 0 } as const;
export const time = { type: 'string', format: 'date-time' } as const;
export const uuid = { type: 'string', format: 'uuid' } as const;
export const sha256 = { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'SHA-256, hex.' } as const;

/** An object that has every one of these properties except the optional ones, and no others. */
export function object<
  const Properties extends Readonly<Record<string, object>>,
  const Optional extends keyof Properties & string = never,
>(properties: Properties, optional: readonly Optional[] = []) {
  const names: readonly string[] = optional;
  const isRequired = (name: string): name is Exclude<keyof Properties & string, Optional> => !names.includes(name);
  const required = Object.keys(properties).filter(isRequired);
  return { type: 'object', additionalProperties: false, properties, required } as const;
}

export function list<const Items extends object>(items: Items) {
  return { type: 'array', items } as const;
}

/** An object with any property names and values of one kind. */
export function record<const Values extends object>(values: Values) {
  return { type: 'object', additionalProperties: values } as const;
}

/** The same schema, but null is valid too. */
export function nullable<const Type extends string, const Keywords extends object>({
  type,
  ...keywords
}: Keywords & { readonly type: Type }) {
  return { type: [type, 'null'], ...keywords } as const;
}

/**
 * The type of the values that a schema describes. It ignores formats, patterns and limits, and
 * `anyOf` beside a type.
 */
export type FromSchema<Schema> = Schema extends { readonly const: infer Value }
  ? Value
  : Schema extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : Schema extends { readonly type: readonly (infer Type)[] }
      ? FromType<Type, Schema>
      : Schema extends { readonly type: infer Type }
        ? FromType<Type, Schema>
        : Schema extends { readonly anyOf: readonly (infer One)[] }
          ? FromSchema<One>
          : Schema extends { readonly allOf: readonly [infer First, infer Second] }
            ? FromSchema<First> & FromSchema<Second>
            : unknown;

interface Scalars {
  string: string;
  number: number;
  integer: number;
  boolean: boolean;
  null: null;
}

/** One of the names in `type`, with the keywords that belong to it. */
type FromType<Type, Schema> = Type extends keyof Scalars
  ? Scalars[Type]
  : Type extends 'array'
    ? Schema extends { readonly items: infer Items }
      ? readonly FromSchema<Items>[]
      : readonly unknown[]
    : Schema extends { readonly properties: infer Properties; readonly required: readonly (infer Required)[] }
      ? FromProperties<Properties, Required>
      : FromRecord<Schema>;

type FromProperties<Properties, Required> = Flat<
  {
    readonly [Name in keyof Properties as Name extends Required ? Name : never]: FromSchema<Properties[Name]>;
  } & {
    readonly [Name in keyof Properties as Name extends Required ? never : Name]?: FromSchema<Properties[Name]>;
  }
>;

type FromRecord<Schema> = Schema extends { readonly additionalProperties: infer Values }
  ? Schema extends { readonly propertyNames: { readonly enum: readonly (infer Name extends string)[] } }
    ? { readonly [Key in Name]?: FromSchema<Values> }
    : Readonly<Record<string, FromSchema<Values>>>
  : Readonly<Record<string, unknown>>;

/** An intersection written out as one object type, which editors show as such. */
type Flat<Type> = { [Name in keyof Type]: Type[Name] };

/**
 * Returns the JSON pointer of a part of a value that does not fit a schema: "" for the value
 * itself, undefined if the value fits.
 */
export type FindMisfit = (value: unknown) => string | undefined;

// The schemas are constants of the code. Checking them would take most of the time of compiling.
const ajv = new Ajv2020({ strict: false, meta: false, validateSchema: false, validateFormats: false });

/**
 * Checks the types, required properties, patterns and limits of a schema, but no formats.
 * Properties that it does not name are valid, because an event of a later version may have them.
 * The check is fast enough for each event that is read from the log. The schema is compiled at its
 * first use, which takes a few milliseconds.
 */
export function misfitFinder(schema: object): FindMisfit {
  let validate: ValidateFunction | undefined;
  return (value) => {
    validate ??= ajv.compile(openSchema(schema) as object);
    if (validate(value)) return undefined;
    // If no part of an `anyOf` fits, the error that is deepest in the value says most.
    const pointers = (validate.errors ?? []).map(pointerOf);
    return pointers.reduce((deepest, one) => (one.length > deepest.length ? one : deepest), '');
  };
}

/** The same schema without `additionalProperties: false`, and with safe integers alone. */
function openSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(openSchema);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).filter(
    ([keyword, value]) => keyword !== 'additionalProperties' || value !== false,
  );
  const open = Object.fromEntries(entries.map(([keyword, value]) => [keyword, openSchema(value)]));
  const isInteger = 'type' in schema && [schema.type].flat().includes('integer');
  return isInteger ? { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER, ...open } : open;
}

/** Leaves out the names of properties that the schema does not name, since callers choose them. */
function pointerOf({ instancePath, schemaPath, params }: ErrorObject): string {
  const unnamed = schemaPath.indexOf('/additionalProperties/');
  if (unnamed >= 0) {
    const depth = schemaPath.slice(0, unnamed).match(/\/properties\/[^/]+|\/items/g)?.length ?? 0;
    return instancePath.split('/', depth + 1).join('/');
  }
  const { missingProperty } = params as { readonly missingProperty?: string };
  return missingProperty === undefined ? instancePath : `${instancePath}/${missingProperty}`;
}
