import { basename, extname } from 'node:path';
import { timeReader } from '../../../import/formats/date-format.js';
import { numberFormat } from '../../../import/formats/number-format.js';
import { defaultKeyedSource } from '../../../import/identity.js';
import { encodingOf } from '../../../import/input/utf8-copy.js';
import { assignments, parseAssignments } from '../../../import/mapping/assignments.js';
import { chargesOf } from '../../../import/mapping/charges.js';
import { type CsvMapping, checkFields, itemSeparators } from '../../../import/mapping/csv-mapping.js';
import { fieldOf, transactionIds } from '../../../import/mapping/fields.js';
import { taxModes } from '../../../import/mapping/order-money.js';
import { statesOf } from '../../../import/mapping/states.js';
import type { CsvOptions, InputOptions } from '../../../import/open-input.js';
import { presets } from '../../../import/presets/all-presets.js';
import { presetMapping } from '../../../import/presets/preset-mapping.js';
import { readArguments } from '../../terminal/arguments.js';
import { errorMessage, UsageError, wrongCall } from '../../terminal/errors.js';

export const usage = `orders import FILE [options]

  Imports orders from NDJSON, with one command per line as in POST /orders/batch, or from CSV with a
  header line. Every order passes the same checks as a request. If the import is interrupted, run
  the same command again: it continues where it stopped, and imports nothing twice.

  --format ndjson|csv      by default csv if the file name ends with .csv, otherwise ndjson
  --encoding ENCODING      utf-8 (default), utf-16, latin1 or windows-1252
  --source NAME            names the data for ever: an order of it is imported once;
                           by default the file name, or "orders" with --key
  --restart                start at the first line, even if an earlier import was interrupted
  --same-lines             the file has changed since it was imported without --key, but each line
                           has kept its number: rejected lines were corrected, or lines were added
  --preview N              show the first N orders, and place nothing
  --dry-run                check the whole file, and place nothing
  --no-wait                do not wait for the read models
  --json                   print one JSON document: {"unit", "placed", "imported", "already_there",
                           "rejected", "returns", "rejections", …}; with --preview {"orders"}

  For CSV:
  --preset NAME            the export of a shop: shopify, woocommerce, magento, medusa,
                           uci-online-retail or olist; the options below come before it
  --map FIELD=COLUMN,…     the column of each field: user_id, total_amount, currency, occurred_at,
                           reference, order_id, item_id, quantity, unit_price, item_ids, shipping,
                           tax, discount, paid_at, shipped_at, metadata.NAME and others;
                           payment_id and refund_id tell several payments or refunds of an order
                           apart, and line_id the lines that are repeated beside them;
                           quote a name with a comma, as in total_amount="Total, gross"
  --set FIELD=VALUE,…      fields that have the same value in every order
  --default FIELD=VALUE,…  values for empty cells
  --key COLUMN             the column that identifies an order; without it, its line number does
  --group-by COLUMN        rows with the same value are the lines of one order; implies --key
  --delimiter CHARACTER    by default a comma, or what a first line such as sep=; says;
                           '\\t' is a tab
  --date-format FORMAT     of YYYY YY MMMM MMM MM M DD D HH H hh h mm ss S A Z z X and others, with
                           fixed text in [brackets]; by default RFC 3339; may be repeated
  --time-zone ZONE         the zone of times without an offset, such as Europe/Berlin;
                           by default UTC
  --decimal CHARACTER      a point (default) or a comma
  --thousands CHARACTER    the character between groups of digits, as in 1,234.50; by default none
  --currency-sign TEXT     a sign before or after amounts, as in $12.00; the currency itself is a
                           column or --set currency=CODE
  --total computed         the total is the sum of the rows and adjustments
  --tax added|included     whether taxes are in the prices; by default what fits the total
  --returns negative       negative rows are returns: of the order with the same number, or of that
                           in --map return_of=COLUMN; others are listed in FILE.returns.ndjson
  --charges TYPE=CODE|…,…  codes of item_id that are no articles, as in shipping=POST|DOT,discount=D
  --first-row FIELD,…      fields of which the first row of an order decides if its rows disagree
  --states STATE=STEP,…    what other states mean: paid, processed, shipped, delivered, cancelled,
                           refunded or none
  --misdated previous      a step dated before one that it depends on takes the date of that one
  --undated last-known     a state without a date takes the last date of its order
  --item-separator CHARS   the characters between the ids of item_ids; by default | and ;

  Rejected records are written to FILE.rejected.ndjson, each with its line number and the reason.
  A dry run writes FILE.dry-run.rejected.ndjson and FILE.dry-run.returns.ndjson instead.
  docs/import.md describes every option, with examples and cures for errors.

  Example: orders import orders.csv --preset shopify --dry-run
           orders import orders.ndjson --json | jq .rejected
  Exit code 3: at least one record was rejected.`;

const options = {
  format: { type: 'string' },
  encoding: { type: 'string' },
  source: { type: 'string' },
  restart: { type: 'boolean' },
  'same-lines': { type: 'boolean' },
  preview: { type: 'string' },
  'dry-run': { type: 'boolean' },
  'no-wait': { type: 'boolean' },
  json: { type: 'boolean' },
  map: { type: 'string', multiple: true },
  set: { type: 'string', multiple: true },
  default: { type: 'string', multiple: true },
  key: { type: 'string' },
  'group-by': { type: 'string' },
  delimiter: { type: 'string' },
  'date-format': { type: 'string', multiple: true },
  'time-zone': { type: 'string' },
  decimal: { type: 'string' },
  thousands: { type: 'string' },
  'currency-sign': { type: 'string' },
  'item-separator': { type: 'string' },
  preset: { type: 'string' },
  total: { type: 'string' },
  tax: { type: 'string' },
  returns: { type: 'string' },
  charges: { type: 'string', multiple: true },
  'first-row': { type: 'string', multiple: true },
  states: { type: 'string', multiple: true },
  misdated: { type: 'string' },
  undated: { type: 'string' },
} as const;

/** The options of one import. */
export interface ImportArguments extends InputOptions {
  readonly restart: boolean;
  readonly sameLines: boolean;
  /** Orders to show. Undefined to import. */
  readonly preview: number | undefined;
  readonly dryRun: boolean;
  readonly wait: boolean;
  readonly json: boolean;
}

/** Parses the command line. Undefined for --help. Throws UsageError. */
export function readImportArguments(args: string[]): ImportArguments | undefined {
  const { values, positionals } = readArguments(args, usage, options, 1);
  if (values.help) return undefined;
  const [file] = positionals;
  if (file === undefined) throw wrongCall('FILE is missing', usage);
  try {
    const format = values.format ?? (extname(file).toLowerCase() === '.csv' ? 'csv' : 'ndjson');
    if (format !== 'csv' && format !== 'ndjson') throw new Error(`--format ${format}: use csv or ndjson`);
    const csv = format === 'csv' ? csvOptions(values) : undefined;
    if (!csv) rejectCsvOptions(values);
    const keyed = values.preset !== undefined || values.key !== undefined || values['group-by'] !== undefined;
    const source = values.source ?? values.preset ?? (keyed ? defaultKeyedSource : basename(file));
    if (!/^[\x20-\x7e]{1,150}$/.test(source)) throw new Error('--source must be 1 to 150 printable ASCII characters');
    return {
      file,
      source,
      encoding: encodingOf(values.encoding ?? 'utf-8'),
      csv,
      restart: values.restart ?? false,
      sameLines: values['same-lines'] ?? false,
      preview: values.preview === undefined ? undefined : previewCount(values.preview),
      dryRun: values['dry-run'] ?? false,
      wait: !values['no-wait'],
      json: values.json ?? false,
    };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(errorMessage(error));
  }
}

type Values = ReturnType<typeof readArguments<typeof options>>['values'];

const csvOnly = [
  ...([
    'map',
    'set',
    'default',
    'key',
    'group-by',
    'delimiter',
    'date-format',
    'time-zone',
    'decimal',
    'thousands',
    'currency-sign',
  ] as const),
  ...([
    'item-separator',
    'preset',
    'total',
    'tax',
    'returns',
    'charges',
    'first-row',
    'states',
    'misdated',
    'undated',
  ] as const),
] as const;

function rejectCsvOptions(values: Values): void {
  const given = csvOnly.find((name) => values[name] !== undefined);
  if (given) throw new Error(`--${given} is for CSV files: add --format csv if the file is one`);
}

function csvOptions(values: Values): CsvOptions {
  if (!values.map && values.preset === undefined)
    throw new UsageError(`a CSV file needs --map or --preset\n\n${usage}`);
  const preset = values.preset === undefined ? undefined : presets.get(values.preset);
  if (values.preset !== undefined && !preset)
    throw new Error(`--preset ${values.preset}: use one of ${[...presets.keys()].join(', ')}`);
  const mapping: CsvMapping = {
    columns: values.map ? parseAssignments(values.map.join(','), '--map') : new Map(),
    fallbacks: new Map(),
    constants: values.set ? parseAssignments(values.set.join(','), '--set') : new Map(),
    defaults: values.default ? parseAssignments(values.default.join(','), '--default') : new Map(),
    dateFormats: values['date-format'] ?? [],
    timeZone: values['time-zone'],
    numbers: numberFormat(values.decimal, values.thousands, values['currency-sign']),
    itemSeparators: values['item-separator'] ?? itemSeparators,
    keyColumn: values.key,
    groupColumn: values['group-by'],
    totalMode: oneOf(values.total ?? 'given', ['given', 'computed'], '--total'),
    taxMode: oneOf(values.tax ?? 'auto', taxModes, '--tax'),
    returns: oneOf(values.returns ?? 'refused', ['refused', 'negative'], '--returns'),
    charges: chargesOf(values.charges ? assignments(values.charges.join(','), '--charges') : []),
    firstRow: firstRowFields(values['first-row'] ?? []),
    states: statesOf(values.states ? assignments(values.states.join(','), '--states') : []),
    movesEarlySteps: values.misdated !== undefined && oneOf(values.misdated, ['previous'], '--misdated') === 'previous',
    undated: values.undated !== undefined && oneOf(values.undated, ['last-known'], '--undated') === 'last-known',
  };
  if (mapping.itemSeparators === '') throw new Error('--item-separator must not be empty');
  timeReader(mapping.dateFormats, mapping.timeZone);
  const delimiter = values.delimiter === undefined ? undefined : delimiterOf(values.delimiter);
  if (preset) return { delimiter, mappingOf: (columns) => presetMapping(preset, mapping, columns) };
  checkFields(mapping);
  return { delimiter, mappingOf: () => mapping };
}

function firstRowFields(given: readonly string[]): Set<string> {
  const names = given.flatMap((text) => text.split(',')).map((name) => name.trim());
  for (const name of names) {
    const field = fieldOf(name);
    const isId = Object.values<string>(transactionIds).includes(name);
    if (!field || field.perLine || isId) throw new Error(`--first-row: "${name}" is not a field of the whole order`);
  }
  return new Set(names);
}

function oneOf<const Value extends string>(text: string, values: readonly Value[], option: string): Value {
  const value = values.find((one) => one === text);
  if (value === undefined) throw new Error(`${option} ${text}: use ${values.join(' or ')}`);
  return value;
}

function delimiterOf(text: string): string {
  const delimiter = text === '\\t' || text.toLowerCase() === 'tab' ? '\t' : text;
  if ([...delimiter].length !== 1 || /["\r\n]/.test(delimiter)) {
    throw new Error(`--delimiter "${text}" must be one character; '\\t' is a tab`);
  }
  return delimiter;
}

function previewCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > maxPreview) {
    throw new Error(`--preview ${text}: use a number from 1 to ${maxPreview}`);
  }
  return count;
}

/** Orders that --preview shows at most: more do not fit on any screen. */
const maxPreview = 1_000;
