import { chargesOf } from '../mapping/charges.js';
import { type CsvMapping, checkFields, described, identifiedKinds, isGiven } from '../mapping/csv-mapping.js';
import { transactionIds } from '../mapping/fields.js';
import type { Preset } from './preset.js';

/**
 * Completes a mapping with a preset, for a file with these columns. Options of the user come
 * first. Names of columns are compared by their letters and digits: "Order ID" is "order_id".
 */
export function presetMapping(preset: Preset, given: CsvMapping, header: readonly string[]): CsvMapping {
  const found = (names: readonly string[]) =>
    names.map((name) => header.find((column) => plain(column) === plain(name))).find((column) => column !== undefined);
  const columns = new Map<string, string>();
  const hasPayments = isGiven(given, 'payment_id') || found(preset.payments?.payment_id ?? []) !== undefined;
  const ofOrder = columnsOfOrder(preset, given, found);
  const wanted = { ...ofOrder, ...(hasPayments ? preset.payments : {}), ...(given.undated ? preset.states : {}) };
  for (const [field, names] of Object.entries(wanted)) {
    const column = given.constants.has(field) ? undefined : found(names);
    if (column !== undefined) columns.set(field, column);
  }
  for (const [field, column] of given.columns) columns.set(field, column);
  const price = columns.get('unit_price');
  if (price !== undefined && !given.columns.has('discount') && isOneOf(preset.discountedPrices ?? [], price))
    columns.delete('discount');
  const fallbacks = new Map<string, string>();
  for (const [field, names] of Object.entries(preset.fallbacks ?? {})) {
    const column = given.columns.has(field) ? undefined : found(names);
    if (column !== undefined && columns.has(field) && columns.get(field) !== column) fallbacks.set(field, column);
  }
  const constants = new Map([...Object.entries(preset.constants ?? {}), ...given.constants]);
  const unset = ([field]: readonly [string, string]) => !given.constants.has(field);
  const hasTotal = given.columns.has('total_amount') || given.constants.has('total_amount');
  const mapping: CsvMapping = {
    ...given,
    columns,
    fallbacks,
    emptyTexts: new Map(Object.entries(preset.emptyTexts ?? {}).filter(([field]) => !given.columns.has(field))),
    integerTexts: new Set((preset.integerTexts ?? []).filter((field) => !given.columns.has(field))),
    constants: new Map([...constants].filter(([field]) => given.constants.has(field) || !columns.has(field))),
    defaults: new Map([...Object.entries(preset.defaults ?? {}).filter(unset), ...given.defaults]),
    ...(given.dateFormats.length > 0 ? {} : { dateFormats: preset.dateFormats, presumesDates: true }),
    groupColumn: given.groupColumn ?? found(preset.groupBy) ?? preset.groupBy[0],
    totalMode: preset.computesTotal && !hasTotal ? 'computed' : given.totalMode,
    returns: preset.hasReturns ? 'negative' : given.returns,
    charges: given.charges.size > 0 ? given.charges : chargesOf(presetCharges(preset)),
    states: new Map([...Object.entries(preset.meanings ?? {}), ...given.states]),
    firstRow: new Set([...(preset.firstRow ?? []), ...given.firstRow]),
  };
  checkColumns(preset, mapping, header);
  checkFields(mapping);
  return mapping;
}

/**
 * Throws Error, with a message for the user, if the file lacks columns of the export. Without a
 * currency only, `checkFields` says what to set.
 */
function checkColumns({ name, reads, columns }: Preset, mapping: CsvMapping, header: readonly string[]): void {
  const needed = ['occurred_at', 'item_id', ...(mapping.totalMode === 'computed' ? ['unit_price'] : ['total_amount'])];
  const missing = needed.filter(
    (field) => !isGiven(mapping, field) && !(field === 'item_id' && isGiven(mapping, 'item_ids')),
  );
  if (missing.length === 0) return;
  const lacking = missing.map((field) => `${field} (${(columns[field] ?? []).join(', ')})`);
  throw new Error(
    `--preset ${name} reads ${reads}, and the file has no column for ${lacking.join(' and ')}; ${described(header)}. ` +
      'Choose the preset of the export, or --map the columns that have other names',
  );
}

/**
 * The columns of a preset. If the user tells payments or refunds apart, its columns of their
 * amounts and references are left out: they are those of the whole order. Throws Error, with a
 * message for the user, if an amount is then missing.
 */
function columnsOfOrder(
  preset: Preset,
  given: CsvMapping,
  found: (names: readonly string[]) => string | undefined,
): Preset['columns'] {
  const { name, payments } = preset;
  const columns = columnsOfCurrency(preset, given, found);
  const left: Record<string, readonly string[]> = { ...columns };
  for (const kind of identifiedKinds(given)) {
    const amount = kind === 'payment' ? 'paid_amount' : 'refunded_amount';
    const sum = found(columns[amount] ?? []);
    if (sum !== undefined && !isGiven(given, amount) && !(kind === 'payment' && payments)) {
      throw new Error(
        `--preset ${name}: "${sum}" is the sum of the order, and ${transactionIds[kind]} tells its ${kind}s apart: ` +
          `--map ${amount}=COLUMN to the amount of each`,
      );
    }
    for (const field of kind === 'payment' ? [amount, 'payment_reference'] : [amount]) delete left[field];
  }
  return left;
}

/** The columns of a preset that are in the currency of the total. */
function columnsOfCurrency(
  { columns, baseColumns }: Preset,
  given: CsvMapping,
  found: (names: readonly string[]) => string | undefined,
): Preset['columns'] {
  const ofBase = baseColumns?.total_amount ?? [];
  const total = given.columns.get('total_amount') ?? found(columns.total_amount ?? []) ?? found(ofBase);
  return total !== undefined && isOneOf(ofBase, total) ? { ...columns, ...baseColumns } : columns;
}

function presetCharges({ charges = {} }: Preset): [type: string, codes: string][] {
  return Object.entries(charges).map(([type, codes]) => [type, codes.join('|')]);
}

function isOneOf(names: readonly string[], column: string): boolean {
  return names.some((name) => plain(name) === plain(column));
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '') || name;
}
