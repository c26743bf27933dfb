import { Refused } from '../refused.js';

/** How a file writes numbers. */
export interface NumberFormat {
  /** The character before the decimals: a point, or what `--decimal` says. */
  readonly decimal: string;
  /** The character between groups of digits, as `--thousands` says. Undefined if there is none. */
  readonly thousands: string | undefined;
}

export const plainNumbers: NumberFormat = { decimal: '.', thousands: undefined };

const decimals = ['.', ','];
const separators = ['.', ',', ' ', "'", '_'];

/** Checks --decimal and --thousands. Throws Error with a message for the user. */
export function numberFormat(decimal = '.', thousands?: string): NumberFormat {
  if (!decimals.includes(decimal)) throw new Error(`--decimal "${decimal}": use a point or a comma`);
  if (thousands !== undefined && !separators.includes(thousands)) {
    throw new Error(`--thousands "${thousands}": use one of ${separators.map((one) => `"${one}"`).join(' ')}`);
  }
  if (thousands === decimal) throw new Error(`--decimal and --thousands are both "${decimal}"`);
  return { decimal, thousands };
}

/**
 * Returns a function that reads a number of the file as decimal text with a point. Digits are kept
 * as the file has them. The function throws Refused for any other text: nothing is guessed.
 */
export function numberReader({ decimal, thousands }: NumberFormat): (text: string) => string {
  const point = escaped(decimal);
  const plain = new RegExp(`^-?(?:\\d+${point}?\\d*|${point}\\d+)$`);
  // The last group has three digits. Groups before it have two or three, as in 12,34,567.00.
  const group = thousands === undefined ? undefined : groupPattern(thousands);
  const grouped = group && new RegExp(`^-?\\d{1,3}(?:${group}\\d{2,3})*${group}\\d{3}(?:${point}\\d*)?$`);
  const groups = group && new RegExp(group, 'g');
  return (text) => {
    if (plain.test(text)) return decimal === '.' ? text : text.replace(decimal, '.');
    if (grouped && groups && grouped.test(text)) return text.replace(groups, '').replace(decimal, '.');
    throw new Refused(`"${shortened(text)}" is not a number${hint(text, decimal, thousands)}`);
  };
}

/** A blank also stands for the non-breaking blanks, and an apostrophe for the typographic one. */
function groupPattern(thousands: string): string {
  if (thousands === ' ') return '[ \\u00a0\\u202f]';
  return thousands === "'" ? "['\\u2019]" : escaped(thousands);
}

function escaped(character: string): string {
  return `\\${character}`.replace('\\_', '_');
}

function hint(text: string, decimal: string, thousands: string | undefined): string {
  const digits = text.replace(/^-/, '');
  if (/^\d{1,3}(?:\.\d{3})+,\d*$/.test(digits)) return ': set --decimal , and --thousands .';
  if (/^\d{1,3}(?:,\d{2,3})*,\d{3}\.\d*$/.test(digits) || /^\d{1,3}(?:,\d{3}){2,}$/.test(digits))
    return ': set --thousands ,';
  if (/^\d{1,3},\d{3}$/.test(digits)) return ': set --thousands , or --decimal ,';
  if (/^\d*,\d+$/.test(digits)) return ': set --decimal ,';
  if (/^\d{1,3}(?:\.\d{3})+$/.test(digits) && decimal === ',') return ': set --thousands .';
  if (/^\d+\.\d+$/.test(digits) && decimal === ',') return ` with --decimal ,`;
  if (/^\d{1,3}(?:[ \u00a0\u202f]\d{3})+[.,]?\d*$/.test(digits)) return ": set --thousands ' '";
  if (/^\d{1,3}(?:['\u2019]\d{3})+[.,]?\d*$/.test(digits)) return `: set --thousands "'"`;
  if (/^[^\d\s-]{1,4}\s?-?[\d.,]+$|^-?[\d.,]+\s?[^\d\s-]{1,4}$/.test(text))
    return ': amounts have no currency sign; the currency is a column or --set currency=CODE';
  return thousands === undefined ? '' : ` with --decimal ${decimal} and --thousands ${thousands}`;
}

/** Keeps a message short whatever a cell holds. */
export function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
