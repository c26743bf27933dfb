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
 * Returns the JSON pointer of the first part of a value that does not fit a schema, "" for the
 * value itself; undefined if the value fits.
 */
export type FindMisfit = (value: unknown) => string | undefined;

/**
 * Compiles a schema to a check of types, required properties and limits. Unlike the validator of
 * requests, it is fast enough for each event that is read from the log. Properties that the schema
 * does not name, formats and patterns are not checked.
 */
export function misfitFinder(schema: Keywords): FindMisfit {
  const { const: constant, enum: values, anyOf, type, minimum } = schema;
  if (constant !== undefined) return (value) => (value === constant ? undefined : '');
  if (values) return (value) => (values.includes(value) ? undefined : '');
  if (anyOf) {
    const choices = anyOf.map(misfitFinder);
    return (value) => {
      const misfits = choices.map((choice) => choice(value));
      return misfits.includes(undefined) ? undefined : (misfits.find((misfit) => misfit !== '') ?? '');
    };
  }
  const types = typeof type === 'string' ? [type] : type;
  if (!types) return () => undefined;
  const findInside = insideFinder(schema);
  return (value) => {
    const name = typeName(value);
    if (!types.includes(name) && !(name === 'integer' && types.includes('number'))) return '';
    if (typeof value === 'number') return minimum !== undefined && value < minimum ? '' : undefined;
    return typeof value === 'object' && value !== null ? findInside(value) : undefined;
  };
}

/** The keywords that `misfitFinder` knows. */
interface Keywords {
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Keywords[];
  readonly type?: string | readonly string[];
  readonly minimum?: number;
  readonly items?: Keywords;
  readonly properties?: Readonly<Record<string, Keywords>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Keywords;
}

/** Finds a misfit among the elements of an array, or the properties of an object. */
function insideFinder({ items, properties = {}, required, additionalProperties }: Keywords) {
  const findInElement = items && misfitFinder(items);
  const known = Object.entries(properties).map(
    ([name, one]) => [name, misfitFinder(one), required?.includes(name) ?? false] as const,
  );
  const findInValue = typeof additionalProperties === 'object' ? misfitFinder(additionalProperties) : undefined;
  return (value: object): string | undefined => {
    if (Array.isArray(value)) {
      if (!findInElement) return undefined;
      for (let index = 0; index < value.length; index += 1) {
        const misfit = findInElement(value[index]);
        if (misfit !== undefined) return `/${index}${misfit}`;
      }
      return undefined;
    }
    const fields = value as Readonly<Record<string, unknown>>;
    for (const [name, find, isRequired] of known) {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      const misfit = field === undefined ? (isRequired ? '' : undefined) : find(field);
      if (misfit !== undefined) return `/${name}${misfit}`;
    }
    // The names of other properties come from callers, so they are not part of the pointer.
    return findInValue && Object.values(fields).some((one) => findInValue(one) !== undefined) ? '' : undefined;
  };
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isSafeInteger(value) ? 'integer' : typeof value;
}
