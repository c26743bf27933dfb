import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { pointerPart } from '../../json-pointer.js';
import type { CommandName } from '../../orders/commands.js';
import { isLocalDate, parseRfc3339, timeForms } from '../../orders/values/rfc3339.js';
import { isTimeZone } from '../../orders/values/time-zone.js';
import { uuidPattern } from '../../orders/values/uuid.js';
import { quarterMs } from '../../read-models/figure-fields.js';
import type { FieldError } from '../contract/problems.js';
import {
  type BodyName,
  bodySchemas,
  type QueryName,
  type QueryParameters,
  querySchemas,
  type RequestBody,
} from '../contract/request-schemas.js';
import { lineSchemas } from '../contract/schemas/command-schemas.js';

const formats = {
  rfc3339: (text: string) => parseRfc3339(text) !== undefined,
  'rfc3339-quarter': (text: string) => isLocalDate(text) || (parseRfc3339(text) ?? 1) % quarterMs === 0,
  'time-zone': isTimeZone,
};

const formatMessages: Record<string, string> = {
  rfc3339: `must be ${timeForms.time}`,
  'rfc3339-quarter': `must be ${timeForms.quarter}`,
  'time-zone': 'must be an IANA time zone such as Europe/Berlin',
};

/** Errors in one response. */
const maxErrors = 20;

// Query parameters arrive as text, so numbers among them are converted. Bodies are not changed.
// `verbose`: errors have the schema that failed, which names the fields that belong together.
const bodies = new Ajv2020({
  allErrors: true,
  verbose: true,
  strict: true,
  allowUnionTypes: true,
  strictTypes: false,
  strictRequired: false,
  formats,
});
const queries = new Ajv2020({
  allErrors: true,
  verbose: true,
  strict: true,
  strictRequired: false,
  coerceTypes: true,
  formats,
});

type Validator = ValidateFunction<unknown>;

/**
 * Validators by schema, each compiled at its first use. Compiling all of them takes a third of the
 * start time of a command line tool.
 */
const validators = new Map<object, Validator>();

function validatorOf(ajv: Ajv2020, schema: object): Validator {
  const known = validators.get(schema);
  if (known) return known;
  const compiled = ajv.compile(schema);
  validators.set(schema, compiled);
  return compiled;
}

/** Whether a body is valid. Its errors are added to `errors`. */
export function isBody<Name extends BodyName>(
  name: Name,
  body: unknown,
  errors: FieldError[],
): body is RequestBody<Name> {
  return isValid(validatorOf(bodies, bodySchemas[name]), body, '', errors);
}

/** The same for a line of a batch, which has the fields of the command's body and others. */
export function isLine<Name extends CommandName>(
  name: Name,
  line: unknown,
  errors: FieldError[],
): line is RequestBody<Name> {
  return isValid(validatorOf(bodies, lineSchemas[name]), line, '', errors);
}

/** The same for query parameters. Converts numbers and booleans in `query` in place. */
export function isQuery<Name extends QueryName>(
  name: Name,
  query: unknown,
  errors: FieldError[],
): query is QueryParameters<Name> {
  return isValid(validatorOf(queries, querySchemas[name]), query, '/query', errors);
}

function isValid(validate: Validator, value: unknown, prefix: string, errors: FieldError[]): boolean {
  if (validate(value)) return true;
  // Errors of the branches of a oneOf are summed up by the one of the whole.
  const found = (validate.errors ?? []).filter(
    ({ keyword, schemaPath }) => keyword !== 'propertyNames' && !/\/oneOf\/./.test(schemaPath),
  );
  const named = new Map<string, FieldError>();
  for (const error of found) {
    if (named.size === maxErrors) break;
    const field = fieldError(error, prefix);
    named.set(`${field.pointer} ${field.message}`, field);
  }
  errors.push(...named.values());
  return false;
}

/** The fields that a part of a schema requires, and those of the parts in it. */
function requiredIn(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(requiredIn);
  return (schema as { readonly required?: string[] }).required ?? [];
}

function fieldError(error: ErrorObject, prefix: string): FieldError {
  const { keyword, instancePath, params, propertyName } = error;
  const at = prefix + instancePath;
  switch (keyword) {
    case 'additionalProperties':
      return { pointer: `${at}/${pointerPart(String(params.additionalProperty))}`, message: 'is not a known field' };
    case 'required':
      return error.schemaPath.includes('anyOf')
        ? { pointer: at, message: 'must have a carrier or a tracking_number' }
        : { pointer: `${at}/${String(params.missingProperty)}`, message: 'is required' };
    case 'anyOf':
      return { pointer: at, message: 'must have a carrier or a tracking_number' };
    case 'minProperties':
      return { pointer: at, message: 'must have an item_id or a line_id' };
    case 'oneOf':
      return {
        pointer: at,
        message: `must have either ${requiredIn(error.schema).join(' or ')}${params.passingSchemas ? ', not both' : ''}`,
      };
    case 'dependentRequired':
      return {
        pointer: `${at}/${String(params.missingProperty)}`,
        message: `is required with ${String(params.property)}`,
      };
    case 'not':
      return prefix === '/query'
        ? { pointer: at, message: `must not have both ${requiredIn(error.schema).join(' and ')}` }
        : { pointer: at, message: `must have either ${requiredIn(error.schema).join(' or ')}, not both` };
    case 'enum':
      return { pointer: at, message: enumMessage(params.allowedValues as readonly string[]) };
    case 'format':
      return { pointer: at, message: formatMessages[String(params.format)] ?? `must be a ${String(params.format)}` };
    case 'pattern':
      return {
        pointer: at,
        message: patternMessage(String(params.pattern)),
      };
    default: {
      const name = propertyName === undefined ? '' : `/${pointerPart(propertyName)}`;
      return { pointer: at + name, message: error.message ?? 'is not valid' };
    }
  }
}

function patternMessage(pattern: string): string {
  if (pattern === uuidPattern) return 'must be a UUID';
  if (pattern.startsWith('^https')) return 'must be an http or https URL';
  if (pattern.startsWith('^[1-9]')) return 'must be the shipment_id of a shipment, such as "1"';
  return pattern.includes('\\d')
    ? 'must be a partition and a position, such as 3:120'
    : 'must not have control characters';
}

function enumMessage(allowed: readonly string[]): string {
  return allowed.includes('USD')
    ? 'must be an ISO 4217 currency code such as USD'
    : `must be one of ${allowed.join(', ')}`;
}
