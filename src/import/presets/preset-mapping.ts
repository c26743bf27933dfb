import { chargesOf } from '../mapping/charges.js';
import { type CsvMapping, checkFields } from '../mapping/csv-mapping.js';
import type { Preset } from './preset.js';

/**
 * Completes a mapping with a preset, for a file with these columns. Options of the user come
 * first. Names of columns are compared by their letters and digits: "Order ID" is "order_id".
 */
export function presetMapping(preset: Preset, given: CsvMapping, header: readonly string[]): CsvMapping {
  const found = (names: readonly string[]) =>
    names.map((name) => header.find((column) => plain(column) === plain(name))).find((column) => column !== undefined);
  const columns = new Map<string, string>();
  const hasPayments = given.columns.has('payment_id') || found(preset.payments?.payment_id ?? []) !== undefined;
  const wanted = {
    ...preset.columns,
    ...(hasPayments ? preset.payments : {}),
    ...(given.undated ? preset.states : {}),
  };
  for (const [field, names] of Object.entries(wanted)) {
    const column = given.constants.has(field) ? undefined : found(names);
    if (column !== undefined) columns.set(field, column);
  }
  for (const [field, column] of given.columns) columns.set(field, column);
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
    constants: new Map([...constants].filter(([field]) => given.constants.has(field) || !columns.has(field))),
    defaults: new Map([...Object.entries(preset.defaults ?? {}).filter(unset), ...given.defaults]),
    dateFormats: given.dateFormats.length > 0 ? given.dateFormats : preset.dateFormats,
    groupColumn: given.groupColumn ?? found(preset.groupBy) ?? preset.groupBy[0],
    totalMode: preset.computesTotal && !hasTotal ? 'computed' : given.totalMode,
    returns: preset.hasReturns ? 'negative' : given.returns,
    charges: given.charges.size > 0 ? given.charges : chargesOf(presetCharges(preset)),
    states: new Map([...Object.entries(preset.meanings ?? {}), ...given.states]),
    firstRow: new Set([...(preset.firstRow ?? []), ...given.firstRow]),
  };
  checkFields(mapping);
  return mapping;
}

function presetCharges({ charges = {} }: Preset): [type: string, codes: string][] {
  return Object.entries(charges).map(([type, codes]) => [type, codes.join('|')]);
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '') || name;
}
