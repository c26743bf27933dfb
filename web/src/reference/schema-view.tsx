import { useState } from 'preact/hooks';
import { Inline } from './markdown.js';
import { nameOf, type OpenApi, type Schema } from './openapi-document.js';

interface SchemaViewProps {
  readonly document: OpenApi;
  readonly schema: Schema;
}

/** The fields of a schema. Fields with fields of their own open on demand. */
export function SchemaView({ document, schema }: SchemaViewProps) {
  const resolved = resolve(document, schema);
  const fields = fieldsOf(document, resolved);
  if (fields.length === 0) {
    return (
      <p class="schema-type">
        {typeText(document, resolved)} {resolved.description && <Inline text={resolved.description} />}
      </p>
    );
  }
  return (
    <ul class="schema">
      {fields.map(({ name, schema: field, isRequired }) => (
        <Field key={name} document={document} name={name} schema={field} isRequired={isRequired} />
      ))}
    </ul>
  );
}

interface FieldProps extends SchemaViewProps {
  readonly name: string;
  readonly isRequired: boolean;
}

function Field({ document, name, schema, isRequired }: FieldProps) {
  const [isOpen, setOpen] = useState(false);
  const resolved = resolve(document, schema);
  const inner = innerOf(document, resolved);
  const description = schema.description ?? resolved.description;
  return (
    <li>
      <div class="schema-field">
        <code class="schema-name">{name}</code> <span class="schema-type">{typeText(document, schema)}</span>{' '}
        {isRequired && <span class="schema-required">always</span>}
      </div>
      {description && (
        <p>
          <Inline text={description} />
        </p>
      )}
      <Limits schema={resolved} />
      {inner && (
        <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>
            Fields of <code>{name}</code>
          </summary>
          {isOpen && <SchemaView document={document} schema={inner} />}
        </details>
      )}
    </li>
  );
}

const manyValues = 24;

/** The values and the limits of a field. */
function Limits({ schema }: { readonly schema: Schema }) {
  const values = schema.enum ?? schema.items?.enum ?? [];
  const limits = [
    ...(schema.minimum === undefined ? [] : [`at least ${schema.minimum}`]),
    ...(schema.maximum === undefined ? [] : [`at most ${schema.maximum}`]),
    ...(schema.maxLength === undefined ? [] : [`up to ${schema.maxLength} characters`]),
    ...(schema.maxItems === undefined ? [] : [`up to ${schema.maxItems} entries`]),
  ];
  if (values.length === 0 && limits.length === 0) return null;
  return (
    <p class="schema-limits">
      {values.length > 0 && values.length <= manyValues && (
        <>
          One of <Inline text={values.map((one) => `\`${String(one)}\``).join(' ')} />
        </>
      )}
      {values.length > manyValues && `${values.length} values, such as ${values.slice(0, 4).join(', ')}`}
      {limits.join(', ')}
    </p>
  );
}

function resolve(document: OpenApi, schema: Schema): Schema {
  return schema.$ref === undefined ? schema : (document.components.schemas[nameOf(schema.$ref)] ?? {});
}

function fieldsOf(document: OpenApi, schema: Schema): { name: string; schema: Schema; isRequired: boolean }[] {
  const own = Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    schema: property,
    isRequired: schema.required?.includes(name) ?? false,
  }));
  const combined = [...(schema.allOf ?? []), ...(schema.anyOf ?? [])].flatMap((one) =>
    fieldsOf(document, resolve(document, one)),
  );
  const items = schema.items ? fieldsOf(document, resolve(document, schema.items)) : [];
  const all = new Map([...own, ...combined, ...items].map((field) => [field.name, field]));
  return [...all.values()];
}

/** The schema whose fields a field has. */
function innerOf(document: OpenApi, schema: Schema): Schema | undefined {
  if (fieldsOf(document, schema).length > 0) return schema;
  if (typeof schema.additionalProperties !== 'object') return undefined;
  const values = resolve(document, schema.additionalProperties);
  return fieldsOf(document, values).length > 0 ? values : undefined;
}

/** The type of a schema in words. */
function typeText(document: OpenApi, schema: Schema): string {
  if (schema.$ref !== undefined) return nameOf(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.anyOf) return [...new Set(schema.anyOf.map((one) => typeText(document, one)))].join(' or ');
  if (schema.items) return `list of ${typeText(document, schema.items)}`;
  if (schema.format === 'date-time') return isNullable(schema) ? 'time or null' : 'time';
  if (schema.format === 'uuid') return isNullable(schema) ? 'UUID or null' : 'UUID';
  if (schema.type === undefined) return schema.enum ? 'text' : 'any value';
  return typeof schema.type === 'string' ? schema.type : schema.type.join(' or ');
}

function isNullable({ type }: Schema): boolean {
  return typeof type === 'object' && type.includes('null');
}
