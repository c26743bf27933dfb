import { currencyCodes } from '../orders/values/currency.js';

/** How the columns of a CSV file become orders. */
export interface CsvMapping {
  /** The column of each field. */
  readonly columns: ReadonlyMap<string, string>;
  /** The value of each field that is the same in all orders. */
  readonly constants: ReadonlyMap<string, string>;
  /** The format of times in the file. Undefined for RFC 3339. */
  readonly dateFormat: string | undefined;
}

/** The fields that a mapping can set, besides metadata.NAME. */
export const mappableFields = [
  'user_id',
  'total_amount',
  'currency',
  'occurred_at',
  'order_id',
  'item_id',
  'quantity',
  'unit_price',
  'item_ids',
] as const;

/** Parses "field=value,field=value". Throws Error with a message for the user. */
export function parseAssignments(text: string, option: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    const field = part.slice(0, equals).trim();
    if (equals < 1) throw new Error(`${option}: "${part}" is not of the form field=value`);
    const known = (mappableFields as readonly string[]).includes(field) || /^metadata\.[\w-]+$/.test(field);
    if (!known)
      throw new Error(
        `${option}: there is no field "${field}"; the fields are ${mappableFields.join(', ')} and metadata.NAME`,
      );
    fields.set(field, part.slice(equals + 1).trim());
  }
  return fields;
}

/** Checks a mapping against the file's header. Throws Error with a message for the user. */
export function checkMapping(mapping: CsvMapping, header: readonly string[]): void {
  for (const [field, column] of mapping.columns) {
    if (!header.includes(column)) {
      throw new Error(`--map ${field}=${column}: the file has no column "${column}"; it has ${header.join(', ')}`);
    }
  }
  for (const needed of ['user_id', 'total_amount']) {
    if (!mapping.columns.has(needed) && !mapping.constants.has(needed))
      throw new Error(`${needed} is not mapped: add it to --map`);
  }
  const has = (field: string) => mapping.columns.has(field) || mapping.constants.has(field);
  if (has('item_id') === has('item_ids'))
    throw new Error('map either item_id (with quantity) or item_ids, in --map or --set');
  const currency = mapping.constants.get('currency');
  if (currency !== undefined && !currencyCodes.includes(currency))
    throw new Error(`--set currency=${currency}: not an ISO 4217 code`);
}

/** A record of the file as a line of a batch, which validates its values. */
export function placeLine(record: Readonly<Record<string, string>>, mapping: CsvMapping): Record<string, unknown> {
  const line: Record<string, unknown> = { command: 'place' };
  const item: Record<string, unknown> = {};
  const metadata: Record<string, string> = {};
  const set = (field: string, value: string) => {
    if (field.startsWith('metadata.')) metadata[field.slice('metadata.'.length)] = value;
    else if (field === 'quantity') item.quantity = /^\d+(\.0+)?$/.test(value) ? Number(value) : value;
    else if (field === 'item_id' || field === 'unit_price') item[field] = value;
    else if (field === 'item_ids') line.item_ids = value.split(/[|; ]+/).filter(Boolean);
    else if (field === 'occurred_at') line.occurred_at = parseDate(value, mapping.dateFormat);
    else line[field] = value;
  };
  for (const [field, value] of mapping.constants) set(field, value);
  for (const [field, column] of mapping.columns) {
    const value = record[column]?.trim() ?? '';
    if (value !== '' || !isOptional(field)) set(field, value);
  }
  // Fields in alphabetical order, so that hashing the command need not sort them.
  const { item_id, quantity = 1, ...price } = item;
  if (item_id !== undefined) line.items = [{ item_id, quantity, ...price }];
  if (Object.keys(metadata).length > 0) line.metadata = metadata;
  return line;
}

function isOptional(field: string): boolean {
  return (
    ['currency', 'occurred_at', 'order_id', 'quantity', 'unit_price'].includes(field) || field.startsWith('metadata.')
  );
}

const dateParts: Readonly<Record<string, string>> = {
  YYYY: '(?<YYYY>\\d{4})',
  MM: '(?<MM>\\d{1,2})',
  DD: '(?<DD>\\d{1,2})',
  HH: '(?<HH>\\d{1,2})',
  mm: '(?<mm>\\d{2})',
  ss: '(?<ss>\\d{2})',
};

/** A pattern for a format of YYYY, MM, DD, HH, mm and ss. Throws Error on an incomplete date. */
export function datePattern(format: string): RegExp {
  for (const part of ['YYYY', 'MM', 'DD']) {
    if (format.split(part).length !== 2)
      throw new Error(`--date-format: "${format}" needs ${part} once; the parts are YYYY, MM, DD, HH, mm, ss`);
  }
  const source = format.replace(/YYYY|MM|DD|HH|mm|ss|[^A-Za-z0-9]/g, (part) => dateParts[part] ?? `\\${part}`);
  return new RegExp(`^${source}$`);
}

const patterns = new Map<string, RegExp>();

/** A date of the file as RFC 3339 in UTC. Other text is not changed; the schema rejects it. */
function parseDate(value: string, format: string | undefined): string {
  if (format === undefined) return value;
  const pattern = patterns.get(format) ?? datePattern(format);
  patterns.set(format, pattern);
  const { YYYY = '', MM = '', DD = '', HH = '0', mm = '0', ss = '0' } = pattern.exec(value)?.groups ?? {};
  if (YYYY === '') return value;
  const two = (digits: string) => digits.padStart(2, '0');
  return `${YYYY}-${two(MM)}-${two(DD)}T${two(HH)}:${two(mm)}:${two(ss)}.000Z`;
}
